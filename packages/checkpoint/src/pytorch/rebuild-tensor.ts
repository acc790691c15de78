import { corrupt, unsupported } from './corrupt.ts';
import { isKind, type PickleValue, type TensorReference } from './pickle-value.ts';
import { isNatural } from './storage-reference.ts';

/** PyTorch itself allows no more axes. */
const maxRank = 64;

type Rebuild = (args: readonly PickleValue[]) => TensorReference;

/** The functions of `torch._utils` that put tensors together, by name. */
export const rebuildFunctions: Readonly<Record<string, Rebuild>> = {
  'torch._utils._rebuild_tensor': (args) => rebuild(args.slice(0, 4)),
  // storage, offset, size, stride, requires_grad, backward_hooks, metadata
  'torch._utils._rebuild_tensor_v2': (args) => rebuild(args.slice(0, 4), undefined, args[6]),
  // storage, offset, size, stride, requires_grad, backward_hooks, dtype, metadata
  'torch._utils._rebuild_tensor_v3': (args) => rebuild(args.slice(0, 4), args[6], args[7]),
  'torch._utils._rebuild_parameter': ([tensor]) => checkTensor(tensor),
  'torch._utils._rebuild_parameter_with_state': ([tensor]) => checkTensor(tensor),
};

function rebuild(
  [storage, offset, size, stride]: readonly PickleValue[],
  viewDtype?: PickleValue,
  metadata?: PickleValue,
): TensorReference {
  if (!isKind(storage, 'storage')) throw corrupt('a tensor has no storage');
  const dtype = storage.dtype ?? viewDtype;
  if (!isKind(dtype, 'dtype')) throw corrupt('a tensor has no dtype');
  const shape = naturals(size, 'shape');
  const strides = naturals(stride, 'strides');
  if (!isNatural(offset)) {
    throw corrupt('the storage offset of a tensor is no whole number from 0');
  }
  if (shape.length !== strides.length || shape.length > maxRank) {
    throw corrupt('the shape and the strides of a tensor do not fit together', {
      expected: `as many strides as sizes, at most ${maxRank}`,
      got: `${shape.length} sizes, ${strides.length} strides`,
    });
  }
  refuseLazyBits(metadata);
  const reference = { kind: 'tensor', storage, dtype, offset, shape, strides } as const;
  checkBounds(reference);
  return reference;
}

/** No element may lie behind the end of the storage; checked in big integers, before any memory is taken. */
function checkBounds({ storage, dtype, offset, shape, strides }: TensorReference): void {
  const elements = shape.reduce((product, dim) => product * BigInt(dim), 1n);
  const last = shape.reduce(
    (sum, dim, axis) => sum + BigInt(dim - 1) * BigInt(strides[axis]!),
    BigInt(offset),
  );
  const held = storage.dtype ? storage.length : Math.floor(storage.length / dtype.bytes);
  if (elements > 0n && last >= BigInt(held)) {
    throw corrupt('a tensor reaches beyond its storage', {
      expected: `at most ${held} elements`,
      got: `${last + 1n}, for shape [${shape.join(', ')}]`,
    });
  }
}

function naturals(value: PickleValue | undefined, what: string): readonly number[] {
  const items = isKind(value, 'tuple') ? value.items : undefined;
  if (!items?.every(isNatural)) {
    throw corrupt(`the ${what} of a tensor are no whole numbers from 0`);
  }
  return items;
}

/** Conjugation and negation that PyTorch has put off: the bytes are not the values. */
function refuseLazyBits(metadata: PickleValue | undefined): void {
  if (!(metadata instanceof Map)) return;
  for (const bit of ['conj', 'neg']) {
    if (metadata.get(bit)) {
      throw unsupported(`a tensor has its ${bit} bit set`, {
        fix: `in Python: save tensor.resolve_${bit}()`,
      });
    }
  }
}

function checkTensor(value: PickleValue | undefined): TensorReference {
  if (isKind(value, 'tensor')) return value;
  throw corrupt('a parameter is not made of a tensor');
}
