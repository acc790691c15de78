import { cpuBackend } from '@spikeloom/backend-cpu';
import { calibrate } from '@spikeloom/conversion';
import { createBuilder, createRegistry, tensor, type Tensor } from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { backends } from './backends.ts';
import { openGolden } from './golden.ts';

const golden = openGolden('calibration');
const registry = createRegistry();

/** A network that passes its input on. */
function passing() {
  const b = createBuilder({ name: 'passing' });
  b.output('out', b.identity(b.input('x', ['N', 'M', 'K']), 'site'));
  return b.build();
}

const batchOf = (values: ArrayLike<number>): { x: Tensor } => ({
  x: tensor(values, [1, 1, values.length]),
});
const hundred = Array.from({ length: 100 }, (_, index) => index + 1);

describe.each(backends)('calibration on %s', (_, backend) => {
  test.each([
    [0, 0.99],
    [1, 0.999],
    [2, 0.9],
  ])(
    'gives the bases of the reference code after every batch, case %i',
    async (index, percentile) => {
      const batches = golden.names
        .filter((name) => name.startsWith(`c${index}.batch`))
        .map((name) => ({ x: golden.tensor(name) }));
      const expected = ['scale_p', 'scale_n'].map(
        (name) => golden.tensor(`c${index}.${name}`).data,
      );
      for (let count = 1; count <= batches.length; count++) {
        const options = { backend, registry, data: batches.slice(0, count), percentile };
        const bases = await calibrate(passing(), ['site'], options);
        expect(bases.get('site')).toEqual({
          positive: expected[0]![count - 1],
          negative: expected[1]![count - 1],
        });
      }
    },
  );
});

describe('calibration', () => {
  const backend = cpuBackend();

  test('takes ranks as truncated products: the 99th and the first of a hundred values', async () => {
    const bases = await calibrate(passing(), ['site'], {
      backend,
      registry,
      data: [batchOf(hundred)],
    });
    expect(bases.get('site')).toEqual({ positive: 99, negative: -1 });
  });

  test('weights batches equally, whatever their size', async () => {
    const data = [batchOf([...hundred, ...hundred]), batchOf(hundred.map((value) => value + 10))];
    const bases = await calibrate(passing(), ['site'], { backend, registry, data });
    expect(bases.get('site')).toEqual({ positive: 104, negative: -6 });
  });

  test('reads its data as a stream and says how far it is', async () => {
    const seen: number[] = [];
    const alive = { now: 0, most: 0 };
    async function* stream() {
      for (let batch = 0; batch < 3; batch++) {
        alive.now += 1;
        alive.most = Math.max(alive.most, alive.now);
        yield batchOf(hundred);
        alive.now -= 1;
      }
    }
    const onProgress = (batches: number): void => void seen.push(batches);
    await calibrate(passing(), ['site'], { backend, registry, data: stream(), onProgress });
    expect(seen).toEqual([1, 2, 3]);
    expect(alive.most).toBe(1);
  });

  test.each([
    ['a percentile of one', 1, 100],
    ['a percentile of a half', 0.5, 100],
    ['a percentile below a half', 0.01, 100],
    ['a percentile that is no number', NaN, 100],
    ['a batch with too few values', 0.99, 99],
    ['a batch with far too few values', 0.999, 500],
  ])('refuses %s', async (_name, percentile, count) => {
    const data = [batchOf(Array.from({ length: count }, (_value, index) => index))];
    await expect(
      calibrate(passing(), ['site'], { backend, registry, data, percentile }),
    ).rejects.toMatchObject({
      code: 'invalid-argument',
      path: 'site',
      got: `${percentile} of ${count}`,
    });
  });

  test('refuses no data', async () => {
    await expect(
      calibrate(passing(), ['site'], { backend, registry, data: [] }),
    ).rejects.toMatchObject({ code: 'empty-batch', path: 'calibrate' });
  });

  test('refuses data that is not a number', async () => {
    const data = [batchOf([...hundred, NaN])];
    await expect(calibrate(passing(), ['site'], { backend, registry, data })).rejects.toMatchObject(
      { code: 'not-a-number', path: 'x' },
    );
  });

  test('refuses a site the network does not have', async () => {
    await expect(
      calibrate(passing(), ['nowhere'], { backend, registry, data: [batchOf(hundred)] }),
    ).rejects.toMatchObject({ code: 'not-observable', path: 'nowhere' });
  });

  test('stops between batches when it is cancelled', async () => {
    const controller = new AbortController();
    const seen: number[] = [];
    await expect(
      calibrate(passing(), ['site'], {
        backend,
        registry,
        data: [batchOf(hundred), batchOf(hundred), batchOf(hundred)],
        signal: controller.signal,
        onProgress: (batches) => {
          seen.push(batches);
          if (batches === 2) controller.abort();
        },
      }),
    ).rejects.toMatchObject({ code: 'aborted' });
    expect(seen).toEqual([1, 2]);
  });
});
