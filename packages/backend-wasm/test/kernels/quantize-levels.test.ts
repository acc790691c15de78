import { tfjsBackend } from '@spikeloom/backend-tfjs';
import { wasmBackend } from '@spikeloom/backend-wasm';
import { createBuilder, createRandom, createRegistry, tensor } from '@spikeloom/ir';
import '@tensorflow/tfjs-backend-cpu';
import { describe, test } from 'vitest';
import { edgeValues, type Levels, levelCases } from '../edge-values.ts';
import { expectSameBits } from '../same-bits.ts';

const registry = createRegistry();

describe.each([
  ['wasm', wasmBackend()],
  ['tfjs', tfjsBackend('cpu')],
] as const)('quantize-levels on %s gives the bits of the reference', (_, backend) => {
  test.each<Levels>([
    ...levelCases,
    ...levelCases.map((levels) => ({ ...levels, edge: 'nearest' }) as const),
    ...[2, 3].flatMap((perOctave) =>
      levelCases.map((levels) => ({ ...levels, edge: 'nearest', perOctave }) as const),
    ),
  ])(
    'for $levels levels of +$positive and -$negative, edge $edge, $perOctave per octave',
    async (attributes) => {
      const random = createRandom(17);
      const scale = 2 ** attributes.levels * Math.max(attributes.positive, attributes.negative);
      const drawn = Array.from(
        { length: 100_000 },
        () => random.normal() * scale * 2 ** -random.below(attributes.levels + 3),
      );
      const values = [...edgeValues(attributes), ...drawn];
      const b = createBuilder();
      const x = b.input('x', [values.length]);
      b.output('out', b.quantizeLevels(x, attributes));
      const inputs = { x: tensor(values) };
      await expectSameBits(backend, b.build(), { registry, inputs, timesteps: 1 });
    },
  );

  test('for NaN, which is no level', async () => {
    const b = createBuilder();
    const x = b.input('x', [4]);
    const notANumber = b.sub(x, x);
    const attributes = { positive: 0.5, negative: 0.25, levels: 3 };
    b.output('out', b.quantizeLevels(b.mul(notANumber, 2), attributes));
    b.output('nearest', b.quantizeLevels(b.mul(notANumber, 2), { ...attributes, edge: 'nearest' }));
    const inputs = { x: tensor([Infinity, -Infinity, 1, -1]) };
    await expectSameBits(backend, b.build(), { registry, inputs, timesteps: 1 });
  });
});
