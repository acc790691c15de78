import { wasmBackend } from '@spikeloom/backend-wasm';
import { convert } from '@spikeloom/conversion';
import { createMeter, ecmtCounting } from '@spikeloom/energy';
import { tensor, type Tensor } from '@spikeloom/ir';
import { convNet } from '@spikeloom/models';
import { traces } from '@spikeloom/runtime';
import { describe, expect, test } from 'vitest';
import { golden, image, registry, trained } from './tiny-vit.ts';

describe.each(['rate', 'differential', 'sum'] as const)('products in %s coding', (coding) => {
  test('are counted three times at the first step, with sums after the step', async () => {
    const data = [{ image: golden.tensor('calib.images0') }];
    const settings = { coding, perOctave: 1, levels: 8 } as const;
    const options = { backend: wasmBackend(), registry, data, ...settings };
    const { graph } = await convert(trained(), options);
    const meter = createMeter(graph, { registry, countings: [ecmtCounting] });
    const program = await options.backend.compile(graph, { registry, expose: meter.expose });
    const spikes = traces(['blocks.0.attn.q.neuron', 'blocks.0.attn.k.neuron']);
    const taps = [...meter.start(4), ...spikes.taps];
    await program.run({ image }, { timesteps: 1, taps });
    const [q, k] = [...spikes.read().values()] as [Tensor, Tensor];
    const [heads, tokens, width] = q.shape.slice(2) as [number, number, number];
    let pairs = 0;
    for (let head = 0; head < 4 * heads; head++) {
      for (let channel = 0; channel < width; channel++) {
        const firing = ({ data: values }: Tensor): number => {
          let count = 0;
          for (let token = 0; token < tokens; token++)
            if (values[(head * tokens + token) * width + channel] !== 0) count += 1;
          return count;
        };
        pairs += firing(q) * firing(k);
      }
    }
    const found = meter.report()[0]!.layers.find(({ path }) => path === 'blocks.0.attn.scores')!;
    expect(found.counts.ac).toBe(3 * pairs);
  });
});

test('convolutions that read spikes count like linear layers, the first one not at all', async () => {
  const network = convNet({ image: [1, 8, 8], classes: 3, seed: 1 });
  const image8 = tensor(
    Array.from({ length: 20 * 64 }, (_, index) => Math.sin(index)),
    [20, 1, 8, 8],
  );
  const options = { backend: wasmBackend(), registry, data: [{ image: image8 }] };
  const { graph } = await convert(network, options);
  const meter = createMeter(graph, { registry, countings: [ecmtCounting] });
  const program = await options.backend.compile(graph, { registry, expose: meter.expose });
  await program.run({ image: image8 }, { timesteps: 1, taps: meter.start(20) });
  const [report] = meter.report();
  expect(report!.layers.map(({ path }) => path)).toEqual(['conv1', 'fc0', 'fc1']);
  // 4 x 4 positions, 8 channels to 16 over 3 x 3; 64 to 64; 64 to 10, of which 3 are classes here.
  const macs = 4 * 4 * 8 * 16 * 9 + 64 * 64 + 64 * 3;
  expect(report!.baselinePicojoules).toBeCloseTo(macs * report!.profile.picojoules.mac, 3);
});
