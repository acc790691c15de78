/** Numbers that policies read off the logits of every sample, `[samples, classes]`. */
import { formatShape, SpikeloomError, type Tensor } from '@spikeloom/ir';

/** Logits of some samples: `[samples, classes]`. */
export type Logits = Pick<Tensor, 'shape' | 'data'>;

/**
 * The largest logit minus the second largest, for every sample, in float32.
 *
 * Throws `shape-mismatch` unless there are two classes or more, `not-a-number` where a logit is not finite.
 */
export function gaps(logits: Logits): Float32Array {
  const { samples, classes, data } = checkLogits(logits);
  return Float32Array.from({ length: samples }, (_, row) => {
    let first = -Infinity;
    let second = -Infinity;
    for (let index = row * classes; index < (row + 1) * classes; index++) {
      const value = data[index]!;
      if (value > first) {
        second = first;
        first = value;
      } else if (value > second) second = value;
    }
    return first - second;
  });
}

/** The class with the largest logit, for every sample; the first of equal ones. */
export function predictions({ shape, data }: Logits): Int32Array {
  const classes = shape.at(-1)!;
  return Int32Array.from({ length: data.length / classes }, (_, row) => {
    let best = 0;
    for (let index = 1; index < classes; index++) {
      if (data[row * classes + index]! > data[row * classes + best]!) best = index;
    }
    return best;
  });
}

/**
 * `-ln softmax(logits)` of every class, `[samples * classes]`: how little the network believes in it. Keeps its
 * digits where a probability is so near to 0 or 1 that the probability itself would not.
 *
 * Throws as `gaps` does.
 */
export function surprises(logits: Logits): Float32Array {
  const { samples, classes, data } = checkLogits(logits);
  const best = predictions(logits);
  const result = new Float32Array(data.length);
  for (let row = 0; row < samples; row++) {
    const start = row * classes;
    const top = start + best[row]!;
    let others = 0;
    for (let index = start; index < start + classes; index++) {
      if (index !== top) others += Math.exp(data[index]! - data[top]!);
    }
    const atTop = Math.log1p(others);
    for (let index = start; index < start + classes; index++) {
      result[index] = atTop + (data[top]! - data[index]!);
    }
  }
  return result;
}

/** The largest probability of `softmax(logits)`, for every sample, in float32. Throws as `gaps` does. */
export function confidences(logits: Logits): Float32Array {
  const { samples, classes } = checkLogits(logits);
  const surprise = surprises(logits);
  return Float32Array.from({ length: samples }, (_, row) => {
    let least = Infinity;
    for (let index = row * classes; index < (row + 1) * classes; index++)
      least = Math.min(least, surprise[index]!);
    return Math.exp(-least);
  });
}

/**
 * The entropy of `softmax(logits)` for every sample, divided by its largest possible value: from 0 (sure) to
 * 1 (every class alike). Throws as `gaps` does.
 */
export function entropies(logits: Logits): Float32Array {
  const { samples, classes } = checkLogits(logits);
  const surprise = surprises(logits);
  const largest = Math.log(classes);
  return Float32Array.from({ length: samples }, (_, row) => {
    let entropy = 0;
    for (let index = row * classes; index < (row + 1) * classes; index++)
      entropy += Math.exp(-surprise[index]!) * surprise[index]!;
    return Math.min(1, entropy / largest);
  });
}

/** The sizes of logits that policies can work with. */
function checkLogits({ shape, data }: Logits): {
  readonly samples: number;
  readonly classes: number;
  readonly data: Tensor['data'];
} {
  const [samples, classes] = shape;
  if (shape.length !== 2 || samples === undefined || classes === undefined || classes < 2) {
    throw new SpikeloomError({
      code: 'shape-mismatch',
      path: 'cutoff',
      message: 'a policy looks at logits',
      expected: '[samples, 2 or more classes]',
      got: formatShape(shape),
    });
  }
  const wrong = data.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) {
    throw new SpikeloomError({
      code: 'not-a-number',
      path: 'cutoff',
      message: `a logit of sample ${Math.floor(wrong / classes)} is not a finite number`,
      got: `${data[wrong]!} for class ${wrong % classes}`,
      fix: 'look for the layer it comes from with a tap',
    });
  }
  return { samples, classes, data };
}
