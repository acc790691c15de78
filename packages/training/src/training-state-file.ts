import { fromTensor, type SafetensorsFile, tensorsOf } from '@spikeloom/checkpoint';
import { SpikeloomError, type Tensor } from '@spikeloom/ir';
import * as v from 'valibot';
import type { TrainingState } from './loop/training-state.ts';

/** Under which the metadata hold all that is not a tensor. */
const key = 'spikeloom.training';
const version = 1;

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
/** JSON has no NaN, which a term that counts for nothing may be. */
const term = v.pipe(
  v.nullable(v.number()),
  v.transform((given) => given ?? NaN),
);
const terms = v.record(v.string(), term);
const sums = { samples: count, loss: v.number(), taskLoss: v.number(), regularisers: terms };

const schema = v.strictObject({
  version: v.literal(version),
  iteration: count,
  epoch: count,
  step: count,
  totals: v.strictObject({ ...sums, correct: count, firingRate: v.number() }),
  history: v.array(
    v.strictObject({
      ...sums,
      epoch: count,
      accuracy: v.number(),
      firingRate: v.number(),
      learningRate: v.number(),
      validationAccuracy: v.exactOptional(v.number()),
    }),
  ),
  best: v.exactOptional(v.strictObject({ epoch: count, accuracy: v.number() })),
  settings: v.strictObject({
    seed: v.number(),
    samples: count,
    batch: count,
    shuffle: v.boolean(),
    dropLast: v.boolean(),
    optimiser: v.string(),
  }),
});

/**
 * A training state as one safetensors file: tensors `weights/<node>`, `slots/<slot>/<node>` and, of the
 * best epoch, `best/<node>`; the rest is JSON in the metadata.
 */
export function stateToFile(state: TrainingState): SafetensorsFile {
  const { trainer, best, ...rest } = state;
  const { weights, slots, iteration } = trainer;
  const described = {
    version,
    iteration,
    ...rest,
    ...(best ? { best: { epoch: best.epoch, accuracy: best.accuracy } } : {}),
  };
  const tensors = new Map([
    ...under('weights', weights),
    ...under('slots', slots),
    ...under('best', best?.weights ?? new Map()),
  ]);
  return {
    tensors: new Map([...tensors].map(([name, tensor]) => [name, fromTensor(tensor)])),
    // Read once, for the order of the fields: equal states are equal files.
    metadata: new Map([[key, JSON.stringify(parse(JSON.stringify(described)))]]),
  };
}

/** Reads a training state; throws `corrupt-file` for other files and `unsupported` for those of newer versions. */
export function stateFromFile(file: SafetensorsFile): TrainingState {
  const { iteration, best, version: _, ...rest } = parse(file.metadata.get(key));
  const tensors = tensorsOf(file);
  const part = (name: string): Map<string, Tensor> => {
    const prefix = `${name}/`;
    const own = [...tensors].filter(([path]) => path.startsWith(prefix));
    return new Map(own.map(([path, tensor]) => [path.slice(prefix.length), tensor]));
  };
  return {
    ...rest,
    trainer: { weights: part('weights'), slots: part('slots'), iteration },
    ...(best ? { best: { ...best, weights: part('best') } } : {}),
  };
}

function under(name: string, tensors: ReadonlyMap<string, Tensor>): [string, Tensor][] {
  return [...tensors].map(([path, tensor]) => [`${name}/${path}`, tensor]);
}

function parse(text: string | undefined): v.InferOutput<typeof schema> {
  if (text === undefined) {
    throw new SpikeloomError({
      code: 'corrupt-file',
      message: 'the file is not a training state',
      expected: `metadata under "${key}"`,
      got: 'a safetensors file without',
    });
  }
  const parsed = v.safeParse(schema, parseJson(text));
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const path = v.getDotPath(issue) ?? '';
  throw new SpikeloomError({
    code: path === 'version' ? 'unsupported' : 'corrupt-file',
    path: path === '' ? key : `${key}.${path}`,
    message:
      path === 'version'
        ? 'the training state was written by another version'
        : 'the training state is damaged',
    ...(issue.expected === null ? {} : { expected: issue.expected }),
    got: issue.received,
    ...(path === 'version' ? { fix: 'update @spikeloom/training' } : {}),
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SpikeloomError(
      { code: 'corrupt-file', path: key, message: 'the training state is not JSON' },
      { cause },
    );
  }
}
