import { createRandom, type Random, type Surrogate, type Tensor } from '@spikeloom/ir';
import { neuronSequence, neuronSequenceGradient } from '@spikeloom/training';
import { wasmBackend } from '@spikeloom/backend-wasm';
import { describe, test } from 'vitest';
import { numbers } from '../../../backend-cpu/test/random-data.ts';
import { expectAgreement, graphOf, registry } from '../agreement.ts';
import { expectSameBits } from '../same-bits.ts';

const backend = wasmBackend();
const timesteps = 4;

const dynamics = (['potential-and-current', 'potential', 'after-reset', 'none'] as const).flatMap(
  (leak) =>
    [null, 0, -0.1].flatMap((reset) =>
      (
        [
          ['>=', 0, 2],
          ['>', 0.3, 3.7],
        ] as const
      ).map(([comparison, initial, tau]) => ({
        timesteps,
        leak,
        tau,
        reset,
        comparison,
        initial,
        threshold: initial === 0 ? 1 : 0.4,
      })),
    ),
);

/** Currents of which many are multiples of 1/4, so that potentials meet thresholds exactly. */
const current = (random: Random) => (): number =>
  random.uniform() < 0.5 ? (random.below(17) - 4) / 4 : 1.5 * random.normal();

async function expectExact(size: number, attributes: object, held: boolean): Promise<void> {
  const random = createRandom(size);
  const rows = held ? 1 : timesteps;
  const { graph, inputs } = graphOf({
    op: neuronSequence,
    inputs: { current: numbers(random, [rows, size], current(random)) },
    attributes: { ...attributes, held },
  });
  await expectSameBits(backend, graph, {
    registry,
    inputs,
    timesteps: 1,
    kernels: [neuronSequence.id],
  });
}

describe('the kernel of neurons over time gives the bits of its lowering', () => {
  test.each(dynamics)(
    'leak $leak, reset $reset, $comparison, tau $tau, initial $initial',
    async (attributes) => {
      await expectExact(1003, attributes, false);
      await expectExact(1003, attributes, true);
    },
  );

  test.each([1, 2, 3, 4, 5, 6, 7, 8, 16384, 16385, 40001])(
    'for %d neurons, whatever the width of a vector and of a block',
    async (size) => expectExact(size, dynamics[4]!, false),
  );
});

const surrogates: readonly Surrogate[] = [
  { kind: 'atan', alpha: 2 },
  { kind: 'sigmoid', alpha: 4 },
  { kind: 'triangle', width: 0.7 },
  { kind: 'fast-sigmoid', slope: 25 },
  { kind: 'rectangle', width: 1.3 },
];

/** Gradients of neurons: with or without those of the potentials before and after the reset. */
async function expectGradient(
  size: number,
  attributes: object,
  given: { readonly potential: boolean; readonly charged: boolean },
): Promise<void> {
  const random = createRandom(size);
  const draw = (): Tensor => numbers(random, [timesteps, size]);
  await expectAgreement({
    op: neuronSequenceGradient,
    inputs: {
      charged: draw(),
      spikes: numbers(random, [timesteps, size], () => random.below(2)),
      spikesGradient: draw(),
      potentialGradient: given.potential ? draw() : undefined,
      chargedGradient: given.charged ? draw() : undefined,
    },
    attributes,
  });
}

describe('the kernel of the gradient of neurons over time agrees with its lowering', () => {
  test.each(surrogates)('for the surrogate $kind', async (surrogate) => {
    for (const attributes of dynamics) {
      for (const potential of [true, false]) {
        for (const detachReset of [true, false]) {
          const all = { ...attributes, surrogate, detachReset, held: !detachReset };
          await expectGradient(37, all, { potential, charged: potential !== detachReset });
        }
      }
    }
  });

  test.each([1, 2, 3, 4, 5, 16384, 16387])(
    'for %d neurons, whatever the width of a vector and of a block',
    async (size) => expectGradient(size, dynamics[0]!, { potential: true, charged: true }),
  );

  test('for one timestep', async () =>
    expectGradient(9, { timesteps: 1 }, { potential: false, charged: false }));
});
