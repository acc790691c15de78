import { createBuilder, createRandom, createRegistry, tensor } from '@spikeloom/ir';
import { lif, neurons } from '@spikeloom/neurons';

/** How often a small network of convolutions fires on a backend, and on how many threads if the backend tells. */
export async function countSpikes(backend) {
  const random = createRandom(3);
  // Quarters, so that sums are exact in any order.
  const quarters = (...shape) => {
    const length = shape.reduce((product, size) => product * size, 1);
    return tensor(
      Float32Array.from({ length }, () => (random.below(9) - 4) / 4),
      shape,
    );
  };
  const b = createBuilder();
  const first = b.apply(lif, { current: b.input('image', ['N', 16, 12, 12]) }, {}, 'first').spikes;
  const weight = b.param('weight', [64, 16, 3, 3], { tensor: quarters(64, 16, 3, 3) });
  const current = b.conv2d({ x: first, weight }, { padding: [1, 1, 1, 1] }, 'conv');
  b.output('spikes', b.apply(lif, { current }, {}, 'second').spikes);
  const registry = createRegistry([neurons]);
  const program = await backend.compile(b.build(), { registry });
  const image = tensor(
    quarters(2, 16, 12, 12).data.map((x) => 3 * x),
    [2, 16, 12, 12],
  );
  const { spikes } = await program.run({ image }, { timesteps: 4 });
  const threads = backend.threads?.();
  program.dispose();
  return { count: spikes.data.reduce((sum, spike) => sum + spike, 0), threads };
}
