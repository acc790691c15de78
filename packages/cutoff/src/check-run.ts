/** Checks of what a classifier said over a run, before anything is worked out from it. */
import { formatShape, SpikeloomError, type Tensor } from '@spikeloom/ir';
import type { Program } from '@spikeloom/runtime';

export interface RunSizes {
  readonly timesteps: number;
  readonly samples: number;
  readonly classes: number;
}

/**
 * The sizes of per-step logits `[T, N, classes]` that come with their labels. Throws `shape-mismatch`,
 * `invalid-timesteps` (T = 0), `empty-batch` (N = 0) or `invalid-argument` (a label that is no class).
 */
export function checkRun(stacked: Tensor, labels: ArrayLike<number>, path: string): RunSizes {
  const [timesteps, samples, classes] = stacked.shape;
  if (
    stacked.shape.length !== 3 ||
    timesteps === undefined ||
    samples === undefined ||
    classes === undefined ||
    classes < 2
  ) {
    throw new SpikeloomError({
      code: 'shape-mismatch',
      path,
      message: 'a classifier has logits for every timestep and sample',
      expected: `[timesteps, ${labels.length}, 2 or more classes]`,
      got: formatShape(stacked.shape),
    });
  }
  if (timesteps === 0) {
    throw new SpikeloomError({
      code: 'invalid-timesteps',
      path,
      message: 'the run has no timesteps',
      expected: '1 or more',
      got: '0',
    });
  }
  checkLabels(labels, samples, classes, path);
  requireSamples(samples, path);
  return { timesteps, samples, classes };
}

/** Throws unless every sample has a label that is one of the classes. */
export function checkLabels(
  labels: ArrayLike<number>,
  samples: number,
  classes: number,
  path: string,
): void {
  if (labels.length !== samples) {
    throw new SpikeloomError({
      code: 'shape-mismatch',
      path,
      message: 'every sample needs a label',
      expected: `${samples} labels`,
      got: `${labels.length}`,
    });
  }
  for (let sample = 0; sample < samples; sample++) {
    const label = labels[sample]!;
    if (Number.isInteger(label) && label >= 0 && label < classes) continue;
    throw new SpikeloomError({
      code: 'invalid-argument',
      path,
      message: `the label of sample ${sample} is none of the classes of the network`,
      expected: `a whole number from 0 to ${classes - 1}`,
      got: `${label}`,
    });
  }
}

/** Throws `empty-batch` when there is nothing to work with. */
export function requireSamples(samples: number, path: string): void {
  if (samples > 0) return;
  throw new SpikeloomError({ code: 'empty-batch', path, message: 'there are no samples' });
}

/**
 * The name of the output that policies look at: the one asked for, or the first of the graph. Throws
 * `invalid-argument` when there is none of that name, `shape-mismatch` unless it is `[N, classes]`.
 */
export function logitsOutput(program: Program, wanted: string | undefined, path: string): string {
  const names = [...program.outputs.keys()];
  const name = wanted ?? names[0];
  const type = name === undefined ? undefined : program.outputs.get(name);
  if (name === undefined || type === undefined) {
    throw new SpikeloomError({
      code: 'invalid-argument',
      path,
      message: 'the graph has no such output',
      expected: names.join(', '),
      got: name ?? 'a graph without outputs',
    });
  }
  const classes = type.shape[1];
  if (type.shape.length === 2 && !(typeof classes === 'number' && classes < 2)) return name;
  throw new SpikeloomError({
    code: 'shape-mismatch',
    path: name,
    message: 'policies look at logits',
    expected: '[N, 2 or more classes]',
    got: formatShape(type.shape),
    fix: 'name the output that holds the logits with the option output',
  });
}
