import type { TorchDtype } from './torch-dtype.ts';

/** What a pickle holds when nothing in it may run: plain data, and marks for what PyTorch puts there. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleValue[]
  | PickleDict
  | Set<PickleValue>
  | Tuple
  | Global
  | TorchDtype
  | StorageReference
  | TensorReference
  | Opaque;

/** A dict of Python, in its order. */
export interface PickleDict extends Map<PickleValue, PickleValue> {}

export interface Tuple {
  readonly kind: 'tuple';
  readonly items: readonly PickleValue[];
}

/** A name of a Python module that the allow-list has. */
export interface Global {
  readonly kind: 'global';
  readonly name: string;
  /** What calling it makes of plain data; without it the name is only a mark. */
  readonly call?: (args: readonly PickleValue[]) => PickleValue;
}

/** The memory of tensors: a file in the archive. */
export interface StorageReference {
  readonly kind: 'storage';
  /** The name of the file under `data/`. */
  readonly key: string;
  /** Undefined where the tensors say what the bytes mean. */
  readonly dtype: TorchDtype | undefined;
  /** Elements, or bytes where there is no dtype, as the pickle claims. */
  readonly length: number;
}

/** A tensor before its bytes are looked at. */
export interface TensorReference {
  readonly kind: 'tensor';
  readonly storage: StorageReference;
  readonly dtype: TorchDtype;
  /** Elements before the first one. */
  readonly offset: number;
  readonly shape: readonly number[];
  /** Elements between neighbours along each axis. */
  readonly strides: readonly number[];
}

/** Something the caller lets pass unread. */
export interface Opaque {
  readonly kind: 'opaque';
  readonly name: string;
}

/** A tuple of Python. */
export function tuple(items: readonly PickleValue[]): Tuple {
  return { kind: 'tuple', items };
}

/** Whether a value is one of the marked kinds, and which. */
export function isKind<K extends MarkedValue['kind']>(
  value: PickleValue | undefined,
  kind: K,
): value is Extract<MarkedValue, { readonly kind: K }> {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind;
}

type MarkedValue = Tuple | Global | TorchDtype | StorageReference | TensorReference | Opaque;
