import {
  formatShape,
  hasNaN,
  sizeOf,
  SpikeloomError,
  type Tensor,
  type ValueType,
} from '@spikeloom/ir';

/** Checks given tensors against what the graph takes, and learns the numbers behind named sizes. */
export function checkInputs(
  given: Readonly<Record<string, Tensor>>,
  expected: ReadonlyMap<string, ValueType>,
  sizes: Record<string, number>,
): void {
  for (const [name, tensor] of Object.entries(given)) {
    const type = expected.get(name);
    if (type === undefined) {
      throw new SpikeloomError({
        code: 'unknown-input',
        path: name,
        message: 'the graph has no such input',
        expected: [...expected.keys()].join(', '),
        got: name,
      });
    }
    checkTensor(name, tensor, type, sizes);
  }
}

/** Throws for inputs the graph needs that nobody gave. */
export function requireInputs(
  names: Iterable<string>,
  expected: ReadonlyMap<string, ValueType>,
): void {
  const given = new Set(names);
  for (const [name, type] of expected) {
    if (given.has(name)) continue;
    throw new SpikeloomError({
      code: 'missing-input',
      path: name,
      message: 'the input was not given',
      expected: `${type.dtype} ${formatShape(type.shape)}`,
    });
  }
}

function checkTensor(
  name: string,
  tensor: Tensor,
  type: ValueType,
  sizes: Record<string, number>,
): void {
  if (tensor.dtype !== type.dtype) {
    throw new SpikeloomError({
      code: 'type-mismatch',
      path: name,
      message: 'the input has the wrong dtype',
      expected: type.dtype,
      got: tensor.dtype,
    });
  }
  const wrongShape = (): SpikeloomError =>
    new SpikeloomError({
      code: 'shape-mismatch',
      path: name,
      message: 'the input has the wrong shape',
      expected: formatShape(type.shape),
      got: formatShape(tensor.shape),
    });
  if (tensor.shape.length !== type.shape.length) throw wrongShape();
  type.shape.forEach((dim, axis) => {
    const size = tensor.shape[axis]!;
    if (size === 0) {
      throw new SpikeloomError({
        code: 'empty-batch',
        path: name,
        message: `axis ${axis} has no elements`,
        expected: formatShape(type.shape),
        got: formatShape(tensor.shape),
      });
    }
    if (typeof dim === 'number') {
      if (dim !== size) throw wrongShape();
      return;
    }
    const known = sizes[dim];
    if (known !== undefined && known !== size) {
      throw new SpikeloomError({
        code: 'shape-mismatch',
        path: name,
        message: `the size "${dim}" is already ${known}`,
        expected: `${known}`,
        got: `${size}`,
      });
    }
    sizes[dim] = size;
  });
  if (sizeOf(tensor.shape) !== tensor.data.length) {
    throw new SpikeloomError({
      code: 'shape-mismatch',
      path: name,
      message: `the data do not fill shape ${formatShape(tensor.shape)}`,
      expected: `${sizeOf(tensor.shape)} numbers`,
      got: `${tensor.data.length}`,
    });
  }
  if (tensor.dtype === 'float32' && hasNaN(tensor.data)) {
    throw new SpikeloomError({
      code: 'not-a-number',
      path: name,
      message: 'the input contains NaN',
      fix: 'a membrane that becomes NaN never fires again: clean the data first',
    });
  }
}
