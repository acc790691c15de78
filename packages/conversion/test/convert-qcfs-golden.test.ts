import { convertQcfs } from '@spikeloom/conversion';
import { type Observation, traces } from '@spikeloom/runtime';
import { describe, expect, test } from 'vitest';
import { backends } from './backends.ts';
import { openGolden } from './golden.ts';
import { goldenNetwork, registry } from './qcfs-network.ts';

const layers = [0, 1, 2];

describe.each(backends)('a QCFS network on %s', (_, backend) => {
  describe.each(['convert_qcfs_a', 'convert_qcfs_b'])('of the reference code, %s', (name) => {
    const golden = openGolden(name);
    const trained = goldenNetwork(golden);
    const timesteps = golden.tensor('snn_logits_per_step').shape[0]!;
    const image = golden.tensor('x');

    test('has its activations and logits before conversion', async () => {
      const seen = new Map<string, Observation['value']>();
      const program = await backend.compile(trained, { registry });
      const taps = layers.map((layer) => ({
        at: `qcfs${layer}`,
        observe: ({ at, value }: Observation) => void seen.set(at, value),
      }));
      const { logits } = await program.run({ image }, { timesteps: 1, taps });
      program.dispose();
      for (const layer of layers) {
        expect(
          largestDifference(seen.get(`qcfs${layer}`)!.data, golden.tensor(`ann_act${layer}`).data),
        ).toBeLessThan(1e-5);
      }
      expect(largestDifference(logits!.data, golden.tensor('ann_logits').data)).toBeLessThan(1e-5);
    });

    test('has its spikes, potentials and logits after it, at every timestep', async () => {
      const { graph } = convertQcfs(trained, { registry });
      const program = await backend.compile(graph, { registry });
      const seen = traces(layers.flatMap((layer) => [`qcfs${layer}`, `qcfs${layer}.v`]));
      const { logits } = await program.run({ image }, { timesteps, taps: seen.taps });
      program.dispose();
      for (const layer of layers) {
        const spikes = seen.read().get(`qcfs${layer}`)!.data;
        expect(spikes).toEqual(golden.tensor(`snn_spikes${layer}`).data);
        expect(spikes.some((spike) => spike > 0)).toBe(true);
        const potentials = seen.read().get(`qcfs${layer}.v`)!.data;
        expect(largestDifference(potentials, golden.tensor(`snn_vmem${layer}`).data)).toBeLessThan(
          1e-4,
        );
      }
      const recorded = golden.tensor('snn_logits_per_step').data;
      expect(largestDifference(logits!.data, recorded)).toBeLessThan(1e-4);
    });
  });
});

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a).toHaveLength(b.length);
  return Array.from(a).reduce((most, value, index) => {
    const difference = Math.abs(value - b[index]!);
    return difference <= most ? most : difference;
  }, 0);
}
