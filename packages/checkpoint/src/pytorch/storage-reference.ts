import { corrupt, unsupported } from './corrupt.ts';
import { isKind, type PickleValue, type StorageReference, type Tuple } from './pickle-value.ts';
import { dtypesByStorage } from './torch-dtype.ts';

/** Names of the storages that leave it to the tensors what their bytes mean, old and new. */
export const untypedStorages: readonly string[] = [
  'torch.UntypedStorage',
  'torch.storage.UntypedStorage',
  'torch.storage._UntypedStorage',
];

/** The storage that a persistent id names: `('storage', class, key, device, length)`. */
export function storageFrom({ items }: Tuple): StorageReference {
  const [what, type, key, , length] = items;
  if (what !== 'storage') {
    throw unsupported('the checkpoint refers to something that is no storage of numbers');
  }
  const name = isKind(type, 'global') ? type.name : undefined;
  const dtype = name === undefined ? undefined : dtypesByStorage.get(name);
  if (name === undefined || (!dtype && !untypedStorages.includes(name))) {
    throw corrupt('a storage has no class', { expected: [...dtypesByStorage.keys()].join(', ') });
  }
  if (typeof key !== 'string' || !isNatural(length)) {
    throw corrupt('a storage has no key or no length');
  }
  return { kind: 'storage', key, dtype, length };
}

/** Whether a value is a whole number from 0. */
export function isNatural(value: PickleValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
