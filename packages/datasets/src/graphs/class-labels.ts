import { SpikeloomError } from '@spikeloom/ir';

/** Class numbers as they are, with how many classes there are. Throws `corrupt-file` for what is no class. */
export function classLabels(
  path: string,
  numbers: ArrayLike<number>,
  placeOf: (index: number) => string = (index) => `label ${index}`,
): { labels: Int32Array; classes: number } {
  const labels = Int32Array.from(numbers);
  let classes = 0;
  for (let index = 0; index < numbers.length; index++) {
    const label = numbers[index]!;
    if (label !== labels[index] || label < -1 || label > maxClasses) {
      throw new SpikeloomError({
        code: 'corrupt-file',
        path,
        message: `${placeOf(index)} is no class`,
        expected: `a whole number up to ${maxClasses}, or -1 where the class is not known`,
        got: `${label}`,
      });
    }
    classes = Math.max(classes, label + 1);
  }
  return { labels, classes };
}

/** More classes are ids that were taken for classes. */
const maxClasses = 1_000_000;

/** Classes with any numbers, as in the TU collections, as numbers from 0 in their order. */
export function compactLabels(numbers: ArrayLike<number>): { labels: Int32Array; classes: number } {
  const found = [...new Set(Array.from(numbers))].toSorted((a, b) => a - b);
  const place = new Map(found.map((number, index) => [number, index]));
  return {
    labels: Int32Array.from(numbers, (number) => place.get(number)!),
    classes: found.length,
  };
}
