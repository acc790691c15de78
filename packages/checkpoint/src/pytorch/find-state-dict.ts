import { SpikeloomError } from '@spikeloom/ir';
import { isKind, type PickleValue, type TensorReference } from './pickle-value.ts';

/** The tensors of a model somewhere in a checkpoint. */
export interface FoundTensors {
  readonly tensors: ReadonlyMap<string, TensorReference>;
  /** The keys that lead to them. */
  readonly foundAt: readonly string[];
  /** Names beside them that hold no tensor. */
  readonly ignored: readonly string[];
}

/** Where training programs put the weights beside an optimiser, a counter and the like. */
const usualKeys: readonly string[] = [
  'state_dict',
  'model_state_dict',
  'model',
  'module',
  'net',
  'network',
];

/**
 * Finds the weights in a checkpoint. Without `at`: the one dict of tensors under a usual key, else the root if it
 * holds tensors itself, else the only dict of tensors right under the root. It never chooses between two.
 */
export function findStateDict(root: PickleValue, at?: string | readonly string[]): FoundTensors {
  if (at !== undefined) return openPath(root, typeof at === 'string' ? [at] : at);
  const under = [...entriesOf(root)].filter(([, value]) => holdsTensors(value));
  const usual = under.filter(([key]) => usualKeys.includes(key));
  const own = holdsTensors(root);
  const candidates = usual.length > 0 ? usual : own ? [] : under;
  if (candidates.length === 0 && own) return collect(root, []);
  const [only] = candidates;
  if (only && candidates.length === 1) return collect(only[1], [only[0]]);
  throw new SpikeloomError({
    code: candidates.length === 0 ? 'not-found' : 'invalid-argument',
    message:
      candidates.length === 0
        ? 'the checkpoint holds no dict of tensors, at its root or right under it'
        : 'the checkpoint holds several dicts of tensors',
    got: describeKeys(
      (candidates.length === 0 ? [...entriesOf(root)] : candidates).map(([key]) => key),
    ),
    fix:
      candidates.length === 0
        ? 'name the keys that lead to the weights: { at: ["…", "…"] }'
        : `choose one: { at: ${JSON.stringify(only![0])} }`,
  });
}

function openPath(root: PickleValue, path: readonly string[]): FoundTensors {
  let value = root;
  for (const [depth, key] of path.entries()) {
    const next = value instanceof Map ? value.get(key) : undefined;
    if (next === undefined) {
      throw new SpikeloomError({
        code: 'not-found',
        path: path.slice(0, depth + 1).join(' > '),
        message: 'the checkpoint has no such key',
        expected: describeKeys([...entriesOf(value)].map(([name]) => name)),
      });
    }
    value = next;
  }
  if (!holdsTensors(value)) {
    throw new SpikeloomError({
      code: 'not-found',
      path: path.join(' > '),
      message: 'this key of the checkpoint holds no dict of tensors',
    });
  }
  return collect(value, path);
}

function collect(dict: PickleValue, foundAt: readonly string[]): FoundTensors {
  const tensors = new Map<string, TensorReference>();
  const ignored: string[] = [];
  for (const [name, value] of entriesOf(dict)) {
    if (isKind(value, 'tensor')) tensors.set(name, value);
    else ignored.push(name);
  }
  return { tensors, foundAt, ignored };
}

function holdsTensors(value: PickleValue): boolean {
  for (const [, item] of entriesOf(value)) if (isKind(item, 'tensor')) return true;
  return false;
}

/** The entries of a dict whose keys are text. */
function* entriesOf(value: PickleValue): Generator<[string, PickleValue], void, void> {
  if (!(value instanceof Map)) return;
  for (const [key, item] of value) if (typeof key === 'string') yield [key, item];
}

function describeKeys(keys: readonly string[]): string {
  const shown = keys.slice(0, 20).join(', ');
  return keys.length > 20 ? `${shown} and ${keys.length - 20} more` : shown || 'no keys';
}
