import { wasmBackend } from '@spikeloom/backend-wasm';
import {
  type AnyOperator,
  createBuilder,
  createRandom,
  createRegistry,
  type Graph,
  tensor,
} from '@spikeloom/ir';
import { differentialThreshold, multiThreshold, neurons } from '@spikeloom/neurons';
import { describe, expect, test } from 'vitest';
import { edgeValues, type Levels, levelCases } from '../edge-values.ts';
import { expectSameBits } from '../same-bits.ts';

const registry = createRegistry([neurons]);
const backend = wasmBackend();

function neuron(size: number, attributes: Levels, op: AnyOperator = multiThreshold): Graph {
  const b = createBuilder();
  const current = b.input('current', [size]);
  b.output('spikes', b.apply(op, { current }, attributes, 'neuron')['spikes']!);
  return b.build();
}

const states = ['neuron.v'];
const kernels = [multiThreshold.id];

describe('the kernel of the multi-threshold neuron gives the bits of its lowering', () => {
  test.each(
    [
      ...levelCases.map((levels) => [multiThreshold, levels] as const),
      ...levelCases.map((levels) => [multiThreshold, { ...levels, edge: 'nearest' }] as const),
      ...levelCases.map((levels) => [differentialThreshold, levels] as const),
      ...[2, 3, 4].flatMap((perOctave) =>
        levelCases.map((levels) => [differentialThreshold, { ...levels, perOctave }] as const),
      ),
    ].map(([op, attributes]) => ({ op, ...attributes, id: op.id })),
  )(
    '$id, $levels levels of +$positive and -$negative, edge $edge, $perOctave per octave',
    async ({ op, id, ...rest }) => {
      const attributes: Levels = rest;
      const random = createRandom(23);
      const scale = 2 ** attributes.levels * Math.max(attributes.positive, attributes.negative);
      const length = 100_000;
      const draw = (): number =>
        random.normal() * scale * 2 ** -random.below(attributes.levels + 3);
      const edges = edgeValues(attributes);
      const current = Array.from({ length: 3 }, (_, step) =>
        tensor(
          Array.from({ length }, (__, index) => (step === 0 ? (edges[index] ?? draw()) : draw())),
        ),
      );
      await expectSameBits(backend, neuron(length, attributes, op), {
        registry,
        inputs: { current },
        timesteps: 3,
        states,
        kernels: [id],
      });
    },
  );

  test.each([1, 2, 3, 4, 5, 7, 8, 9])(
    'for %d neurons, whatever the width of a vector',
    async (size) => {
      const attributes = { positive: 0.25, negative: 0.5, levels: 4 };
      const random = createRandom(size);
      const current = Array.from({ length: 6 }, () =>
        tensor(Array.from({ length: size }, () => 2 * random.normal())),
      );
      const run = { registry, inputs: { current }, timesteps: 6, states, kernels };
      await expectSameBits(backend, neuron(size, attributes), run);
    },
  );

  test('for potentials that became NaN', async () => {
    const b = createBuilder();
    const x = b.input('x', [6]);
    const current = b.mul(b.sub(x, x), 1);
    const attributes = { positive: 0.5, negative: 0.25, levels: 3 };
    b.output('spikes', b.apply(multiThreshold, { current }, attributes, 'neuron').spikes);
    await expectSameBits(backend, b.build(), {
      registry,
      inputs: { x: tensor([Infinity, -Infinity, 1, Infinity, 0, 2]) },
      timesteps: 2,
      states,
      kernels,
    });
  });
});

describe('bases at the end of what float32 holds', () => {
  test.each<Levels>([
    { positive: 2e-38, negative: 1, levels: 4 },
    { positive: 2 ** 100, negative: 3e38, levels: 32 },
    { positive: 1, negative: 1, levels: 100 },
  ])(
    '$positive, $negative with $levels levels give the bits of the lowering too',
    async (attributes) => {
      const edges = edgeValues(attributes).filter((value) => !Number.isNaN(Math.fround(value)));
      const current = tensor(edges);
      await expectSameBits(backend, neuron(edges.length, attributes), {
        registry,
        inputs: { current },
        timesteps: 1,
        states,
      });
    },
  );

  test('are left to the lowering where the kernel could not be exact', async () => {
    const tiny = neuron(1, { positive: 1e-38, negative: 1, levels: 4 });
    const program = await backend.compile(tiny, { registry });
    expect(program.operators.has(multiThreshold.id)).toBe(false);
    program.dispose();
  });
});
