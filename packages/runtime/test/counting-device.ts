import { evaluateNode } from '@spikeloom/backend-cpu';
import {
  type GraphNode,
  mapNames,
  type NodeAttributes,
  primitiveOperators,
  resolveShape,
  type Shape,
  takeRows,
  type Tensor,
} from '@spikeloom/ir';
import type { Device, Kernel, KernelCall } from '@spikeloom/runtime';

/** A value of the counting device. */
export interface Handle {
  readonly tensor: Tensor;
  isFree: boolean;
}

/**
 * A device that computes as the reference does and keeps account: how many values are alive, how often each
 * kernel ran. Using or freeing a value that was freed is an error.
 */
export class CountingDevice implements Device<Handle> {
  readonly name = 'counting';
  readonly kernels: readonly Kernel<Handle>[];
  readonly calls = new Map<string, number>();
  alive = 0;

  constructor(without: readonly string[] = []) {
    this.kernels = primitiveOperators
      .filter(({ id, examples }) => examples.length > 0 && !structural.has(id))
      .filter(({ id }) => !without.includes(id))
      .map(({ id }) => ({ op: id, run: (call: KernelCall<Handle>) => this.#run(id, call) }));
  }

  upload(tensor: Tensor): Handle {
    this.alive += 1;
    return { tensor, isFree: false };
  }

  download(handle: Handle): Promise<Tensor> {
    const { tensor } = used(handle);
    return Promise.resolve({ ...tensor, data: tensor.data.slice() });
  }

  fill(shape: readonly number[], value: number): Handle {
    const size = shape.reduce((product, dim) => product * dim, 1);
    return this.upload({ shape, dtype: 'float32', data: new Float32Array(size).fill(value) });
  }

  take(handle: Handle, rows: readonly number[], axis: number): Handle {
    return this.upload(takeRows(used(handle).tensor, rows, axis));
  }

  countNonZero(handle: Handle, keep: readonly number[]): Promise<Tensor> {
    const { shape, data } = used(handle).tensor;
    const marks = Float32Array.from(data, (value) => Number(value !== 0));
    const axes = [...shape.keys()].filter((axis) => !keep.includes(axis));
    const node = nodeOf('spikeloom/sum', { axes, keepDims: false });
    return Promise.resolve(
      evaluateNode(node, { x: { shape, dtype: 'float32', data: marks } })['out']!,
    );
  }

  free(handle: Handle): void {
    used(handle).isFree = true;
    this.alive -= 1;
  }

  #run(id: string, { node, inputs, sizes }: KernelCall<Handle>): Record<string, Handle> {
    this.calls.set(id, (this.calls.get(id) ?? 0) + 1);
    const given = mapNames(inputs, (handle) => used(handle));
    const out = evaluateNode(
      withNumbers(node, sizes),
      mapNames(given, ({ tensor }) => tensor),
    )['out']!;
    // As on other devices, what changes nothing hands its input on.
    const same = Object.values(given)
      .flat()
      .find((handle) => handle.tensor === out);
    return { out: same ?? this.upload(out) };
  }
}

const structural = new Set(['spikeloom/constant', 'spikeloom/step']);

function used(handle: Handle): Handle {
  if (handle.isFree) throw new Error('a value is used that was freed');
  return handle;
}

/** A node with numbers for its named sizes. */
function withNumbers(node: GraphNode, sizes: Readonly<Record<string, number>>): GraphNode {
  const outputs = mapNames(node.outputs, (type) => ({
    ...type,
    shape: resolveShape(type.shape, sizes),
  })) as GraphNode['outputs'];
  const { count } = node.attributes;
  const attributes = {
    ...node.attributes,
    ...(node.op === 'spikeloom/broadcast-to'
      ? { shape: resolveShape(node.attributes['shape'] as Shape, sizes) }
      : {}),
    ...(count === undefined ? {} : { count: resolveShape([count as string], sizes)[0]! }),
  };
  return { ...node, outputs, attributes };
}

function nodeOf(op: string, attributes: NodeAttributes): GraphNode {
  return { id: 'node', op, version: 1, inputs: {}, attributes, outputs: {} };
}
