import type { TfjsCall, TfjsKernel } from '@spikeloom/backend-tfjs';
import { linear as linearOp, type ValueType } from '@spikeloom/ir';
import { type KernelSite, single, type SpecialKernel } from '@spikeloom/runtime';
import type { Tensor as TfTensor } from '@tensorflow/tfjs-core';
import type { NumberMode } from '../engine/stage.ts';
import type { IntegerMode } from '../engine/weight-steps.ts';
import type { Heap } from '../heap.ts';
import { integerRows, type PlacedIntegers, placeIntegers } from '../integer-rows.ts';
import { hasManyRows, linearRows, type RowProduct } from '../linear-rows.ts';
import { matricesOf, multiply } from '../multiply.ts';
import { type WholeLevels, wholeLevels } from '../whole-levels.ts';

/** Rows by events or by all numbers; in integers where the mode says so and the rows are levels of spikes. */
export function linear(heap: () => Heap, mode: NumberMode): TfjsKernel {
  return {
    op: linearOp.id,
    specialise(site) {
      const levels = mode === 'float32' ? undefined : levelsAt(site, mode);
      return levels && inIntegers(heap, levels, mode as IntegerMode);
    },
    run(call) {
      const product = productOf(heap(), call);
      multiplyNumbers(heap(), product);
      return { out: product.out };
    },
  };
}

/** What the rows can be, if that is few levels and the weights never change. */
function levelsAt({ types, fixed }: KernelSite, mode: IntegerMode): WholeLevels | undefined {
  const x = types['x'] as ValueType;
  return fixed.has('weight') ? wholeLevels(x.signal, mode) : undefined;
}

/** Weights are rounded at the first run: a layer that is part of something larger has none. */
function inIntegers(
  heap: () => Heap,
  levels: WholeLevels,
  mode: IntegerMode,
): SpecialKernel<TfTensor> {
  let placed: PlacedIntegers | undefined;
  let hasIntegers = true;
  // They stay even if the call that made them fails.
  const lasting = (memory: Heap, weight: TfTensor): PlacedIntegers | undefined =>
    memory.allocations.during(() => placeIntegers(memory, weight, levels, mode));
  return {
    run(call) {
      const product = productOf(heap(), call);
      if (hasIntegers && !placed) placed = lasting(heap(), product.weight);
      hasIntegers = placed !== undefined;
      const isDone = placed && integerRows(heap(), product, placed);
      if (!isDone) multiplyNumbers(heap(), product);
      return { out: product.out };
    },
    free: () => placed?.free(),
  };
}

function productOf(heap: Heap, call: TfjsCall): RowProduct {
  const [x, weight] = [single(call, 'x'), single(call, 'weight')];
  const bias = call.inputs['bias'] === undefined ? undefined : single(call, 'bias');
  return { x, weight, bias, out: heap.allocate([...x.shape.slice(0, -1), weight.shape[0]]) };
}

function multiplyNumbers(heap: Heap, product: RowProduct): void {
  const { x, weight, bias, out } = product;
  if (hasManyRows(product)) {
    linearRows(heap, product);
    return;
  }
  const inputs = weight.shape[1]!;
  const rows = {
    tensor: x,
    rows: x.size / inputs,
    columns: inputs,
    batchStride: 0,
    rowStride: inputs,
    columnStride: 1,
  };
  multiply(heap, rows, matricesOf(weight, true), out, { batch: 1, bias });
}
