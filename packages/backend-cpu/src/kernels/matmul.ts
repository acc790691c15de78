import { primitives, sizeOf } from '@spikeloom/ir';
import { attributesOf, single } from '@spikeloom/runtime';
import { type CpuArray, type CpuKernel, out } from '../cpu-array.ts';
import { broadcastStrides, jointShape, stridedPositions } from '../index-map.ts';

/** Sums in double precision and rounds once. */
export const matmul: CpuKernel = {
  op: 'spikeloom/matmul',
  run(call) {
    const { transposeA, transposeB } = attributesOf(primitives.matmul, call);
    const a = rowsOf(single(call, 'a'), transposeA);
    const b = rowsOf(single(call, 'b'), !transposeB);
    const batch = jointShape(a.batch, b.batch);
    const inner = a.columns;
    const data = new Float32Array(sizeOf(batch) * a.rows * b.rows);
    const leftAt = stridedPositions(batch, broadcastStrides(a.batch, batch));
    const rightAt = stridedPositions(batch, broadcastStrides(b.batch, batch));
    let position = 0;
    for (let matrix = 0; matrix < leftAt.length; matrix++) {
      for (let i = 0; i < a.rows; i++) {
        const left = (leftAt[matrix]! * a.rows + i) * inner;
        for (let j = 0; j < b.rows; j++) {
          const right = (rightAt[matrix]! * b.rows + j) * inner;
          let sum = 0;
          for (let k = 0; k < inner; k++) sum += a.data[left + k]! * b.data[right + k]!;
          data[position++] = sum;
        }
      }
    }
    return out([...batch, a.rows, b.rows], 'float32', data);
  },
};

interface Matrices {
  readonly batch: readonly number[];
  readonly rows: number;
  readonly columns: number;
  readonly data: CpuArray['data'];
}

/** The matrices of an array, with the summed axis last in memory. */
function rowsOf({ shape, data }: CpuArray, transposed: boolean): Matrices {
  const batch = shape.slice(0, -2);
  const [rows, columns] = [shape.at(-2)!, shape.at(-1)!];
  if (!transposed) return { batch, rows, columns, data };
  const size = rows * columns;
  const turned = new Float32Array(data.length);
  for (let start = 0; start < data.length; start += size) {
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++)
        turned[start + j * rows + i] = data[start + i * columns + j]!;
    }
  }
  return { batch, rows: columns, columns: rows, data: turned };
}
