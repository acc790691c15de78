import { type Attributes, levelSize, primitives } from '@spikeloom/ir';
import { attributesOf, single } from '@spikeloom/runtime';
import { type CpuKernel, out } from '../cpu-array.ts';

export const spike: CpuKernel = {
  op: 'spikeloom/spike',
  run(call) {
    const x = single(call, 'x');
    const strict = attributesOf(primitives.spike, call).comparison === '>';
    const data = new Float32Array(x.data.length);
    for (let index = 0; index < data.length; index++) {
      const value = x.data[index]!;
      data[index] = Number(strict ? value > 0 : value >= 0);
    }
    return out(x.shape, 'float32', data);
  },
};

export const quantizeLevels: CpuKernel = {
  op: 'spikeloom/quantize-levels',
  run(call) {
    const x = single(call, 'x');
    const attributes = attributesOf(primitives.quantizeLevels, call);
    const [above, below] = [attributes.positive, attributes.negative].map((base) =>
      levelFinder(base, attributes),
    ) as [LevelFinder, LevelFinder];
    const data = new Float32Array(x.data.length);
    for (let index = 0; index < data.length; index++) {
      const value = x.data[index]!;
      data[index] = above(value) || -below(-value) || 0;
    }
    return out(x.shape, 'float32', data);
  },
};

type LevelFinder = (value: number) => number;

/** The largest level a number reaches, everything in float32; 0 if there is none. */
function levelFinder(
  base: number,
  { levels, edge, perOctave }: Attributes<typeof primitives.quantizeLevels.attributes>,
): LevelFinder {
  if (base === 0) return () => 0;
  const half = Math.fround(base / 2);
  const share = (1 + 2 ** (-1 / perOctave)) / 2;
  const steps = Array.from({ length: levels }, (_, k) => {
    const within = k % perOctave;
    const begins = Math.fround(base * 2 ** (within / perOctave) * share);
    return {
      level: Math.fround(levelSize(base, k, perOctave)),
      begins: levelSize(begins, k - within, perOctave),
    };
  })
    .filter(({ level }) => level < Infinity)
    .toReversed();
  return edge === 'nearest'
    ? (value) => steps.find(({ begins }) => value >= begins)?.level ?? 0
    : (value) =>
        steps.find(({ level }) => Math.fround(Math.fround(value - level) + half) >= 0)?.level ?? 0;
}
