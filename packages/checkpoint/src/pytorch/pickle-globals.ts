import { corrupt, unsupported } from './corrupt.ts';
import {
  type Global,
  isKind,
  type PickleValue,
  type TensorReference,
  tuple,
} from './pickle-value.ts';
import { rebuildFunctions } from './rebuild-tensor.ts';
import { untypedStorages } from './storage-reference.ts';
import { dtypesByName, dtypesByStorage } from './torch-dtype.ts';

/**
 * Every name a checkpoint may mention: plain containers, storages, dtypes and the functions that put tensors
 * together. Nothing here runs anything of the file. Close to the list of `torch.load(weights_only=True)`,
 * without sparse and quantised tensors.
 */
export function allowedGlobal(module: string, name: string): PickleValue | undefined {
  const full = `${pythonTwoNames.get(module) ?? module}.${name}`;
  return dtypesByName.get(full) ?? globals.get(full);
}

/** Pickles of protocol 2 use the names of Python 2. */
const pythonTwoNames: ReadonlyMap<string, string> = new Map([['__builtin__', 'builtins']]);

const containers: Readonly<Record<string, Global['call']>> = {
  'collections.OrderedDict': toDict,
  'collections.Counter': toDict,
  // Its first argument makes missing values; nobody asks a checkpoint for those.
  'collections.defaultdict': ([, ...rest]) => toDict(rest),
  'builtins.set': ([items]) => new Set(itemsOf(items)),
  'builtins.frozenset': ([items]) => new Set(itemsOf(items)),
  'torch.Size': ([items]) => tuple(itemsOf(items)),
  'torch.device': () => ({ kind: 'opaque', name: 'torch.device' }),
  // How protocol 2 writes bytes.
  '_codecs.encode': encodeLatin1,
};

const marks: readonly string[] = [
  ...['dict', 'list', 'int', 'float'].map((name) => `builtins.${name}`),
  'torch.Tensor',
  'torch._tensor.Tensor',
  'torch.nn.parameter.Parameter',
  'torch.nn.parameter.Buffer',
  ...dtypesByStorage.keys(),
  ...untypedStorages,
];

const globals: ReadonlyMap<string, Global> = new Map([
  ...Object.entries({ ...containers, ...rebuildFunctions, ...subclassFunctions() }).map(
    ([name, call]): [string, Global] => [name, { kind: 'global', name, ...(call ? { call } : {}) }],
  ),
  ...marks.map((name): [string, Global] => [name, { kind: 'global', name }]),
]);

/** Parameters with attributes of their own: another rebuild function, the class, its arguments. */
function subclassFunctions(): Readonly<Record<string, NonNullable<Global['call']>>> {
  const rebuild = ([target, type, args]: readonly PickleValue[]): TensorReference => {
    const call = isKind(target, 'global') ? rebuildFunctions[target.name] : undefined;
    if (!call || !isKind(args, 'tuple')) {
      throw corrupt('a tensor with attributes is not put together from a plain one');
    }
    if (!isKind(type, 'global')) throw unsupported('tensor subclasses are not read');
    return call(args.items);
  };
  return { 'torch._tensor._rebuild_from_type_v2': rebuild };
}

function toDict([pairs]: readonly PickleValue[]): PickleValue {
  const dict = new Map<PickleValue, PickleValue>();
  if (pairs === undefined) return dict;
  if (pairs instanceof Map) return new Map(pairs);
  for (const pair of itemsOf(pairs)) {
    const [key, value] = itemsOf(pair);
    if (key === undefined || value === undefined) throw corrupt('a dict is not made of pairs');
    dict.set(key, value);
  }
  return dict;
}

function itemsOf(value: PickleValue | undefined): readonly PickleValue[] {
  if (value === undefined) return [];
  if (Array.isArray(value)) return value;
  if (isKind(value, 'tuple')) return value.items;
  throw corrupt('a container is not made of a list or a tuple');
}

function encodeLatin1([text, encoding]: readonly PickleValue[]): Uint8Array {
  if (typeof text !== 'string' || encoding !== 'latin1') {
    throw corrupt('bytes are not written as latin1 text');
  }
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
