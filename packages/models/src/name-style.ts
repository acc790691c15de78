import type { Tensor } from '@spikeloom/ir';
import type { TensorNames } from './tensor-names.ts';
import { storedNames } from './tensor-names.ts';

/** The tensor names of a library, for one architecture. */
export interface NameStyle {
  readonly names: TensorNames;
  /** Tensors of the library's models that are not part of the network; `*` stands for anything. */
  readonly ignore?: readonly string[];
}

/** The style under which most parameters are found in a checkpoint; of equals the first. */
export function chooseStyle(
  styles: readonly [NameStyle, ...NameStyle[]],
  parameters: readonly string[],
  tensors: ReadonlyMap<string, Tensor>,
): NameStyle {
  const found = ({ names }: NameStyle): number =>
    parameters.filter((id) => {
      const stored = storedNames(id, names, (module, rest) => `${module}.${rest}`) ?? [id];
      return stored.every((name) => tensors.has(name));
    }).length;
  const counts = styles.map(found);
  return styles[counts.indexOf(Math.max(...counts))] ?? styles[0];
}
