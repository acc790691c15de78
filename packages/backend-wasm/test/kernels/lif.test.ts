import { wasmBackend } from '@spikeloom/backend-wasm';
import { createBuilder, createRandom, createRegistry, tensor } from '@spikeloom/ir';
import { lif, neurons } from '@spikeloom/neurons';
import { describe, test } from 'vitest';
import { expectSameBits } from '../same-bits.ts';

const registry = createRegistry([neurons]);
const backend = wasmBackend();
const timesteps = 6;

/** Currents of which many are multiples of 1/4, so that potentials meet thresholds exactly. */
function currents(size: number) {
  const random = createRandom(41);
  const draw = (): number =>
    random.uniform() < 0.5 ? (random.below(17) - 4) / 4 : 1.5 * random.normal();
  return Array.from({ length: timesteps }, () => tensor(Array.from({ length: size }, draw)));
}

const combinations = [1, 2, 3.7].flatMap((tau) =>
  [1, 0.4].flatMap((threshold) =>
    [null, 0, -0.1, 0.3].flatMap((reset) =>
      [true, false].flatMap((decayInput) =>
        (['>=', '>'] as const).flatMap((comparison) =>
          [true, false].map((detachReset) => ({
            tau,
            threshold,
            reset,
            decayInput,
            comparison,
            detachReset,
          })),
        ),
      ),
    ),
  ),
);

async function expectExact(size: number, attributes: (typeof combinations)[number]): Promise<void> {
  const b = createBuilder();
  const current = b.input('current', [size]);
  b.output('spikes', b.apply(lif, { current }, attributes, 'neuron').spikes);
  await expectSameBits(backend, b.build(), {
    registry,
    inputs: { current: currents(size) },
    timesteps,
    states: ['neuron.v'],
    kernels: [lif.id],
  });
}

describe('the kernel of LIF gives the bits of its lowering', () => {
  test.each(combinations)(
    'tau $tau, threshold $threshold, reset $reset, decayInput $decayInput, $comparison, detachReset $detachReset',
    async (attributes) => expectExact(1003, attributes),
  );

  test.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'for %d neurons, whatever the width of a vector',
    async (size) => expectExact(size, combinations[0]!),
  );
});
