import { type Tensor, type ValueType } from '@spikeloom/ir';

/** Throws an error that names the first difference between two tensors. */
export function expectClose(
  what: string,
  actual: Tensor,
  expected: Tensor,
  tolerance: { readonly absolute: number; readonly relative?: number },
): void {
  if (actual.shape.join() !== expected.shape.join() || actual.dtype !== expected.dtype) {
    throw new Error(
      `${what}: got ${actual.dtype} [${actual.shape.join(', ')}], expected ${expected.dtype} [${expected.shape.join(', ')}]`,
    );
  }
  const relative = tolerance.relative ?? 0;
  for (let index = 0; index < expected.data.length; index++) {
    const [got, wanted] = [actual.data[index]!, expected.data[index]!];
    const allowed = tolerance.absolute + relative * Math.abs(wanted);
    const isSame = got === wanted || Object.is(got, wanted);
    // Beside an infinity every number is within tolerance.
    if (isSame || (Number.isFinite(wanted) && Math.abs(got - wanted) <= allowed)) continue;
    throw new Error(`${what}: element ${index} is ${got}, expected ${wanted} within ${allowed}`);
  }
}

/** How closely two backends must agree on a value: events exactly, numbers up to rounding. */
export function toleranceFor(
  type: ValueType,
  numbers: number,
): { absolute: number; relative: number } {
  const exact = type.signal.kind !== 'real' || type.dtype !== 'float32';
  return exact ? { absolute: 0, relative: 0 } : { absolute: numbers, relative: numbers };
}
