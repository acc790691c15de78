import { cpuBackend } from '@spikeloom/backend-cpu';
import { convertEcmt, sourceOf } from '@spikeloom/conversion';
import { graphToJson } from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { backends } from './backends.ts';
import { perceptron, randomInputs } from './perceptron.ts';
import { convertTiny, image, registry, trained } from './tiny-vit.ts';

describe.each(backends)('the source of a converted network on %s', (_, backend) => {
  test('has exactly the logits of the trained network', async () => {
    const { graph } = await convertTiny(backend);
    const logits = await Promise.all(
      [trained(), sourceOf(graph, registry)].map(async (network) => {
        const program = await backend.compile(network, { registry });
        return (await program.run({ image }, { timesteps: 1 }))['logits'];
      }),
    );
    expect(logits[1]).toEqual(logits[0]);
  });
});

test('the source of a converted network is the trained one, node by node', async () => {
  const graph = perceptron();
  const { graph: spiking } = await convertEcmt(graph, {
    backend: cpuBackend(),
    registry,
    data: randomInputs(1),
  });
  const source = sourceOf(spiking, registry);
  expect(graphToJson(source)).toEqual(graphToJson(graph));
  expect(source.weights).toEqual(graph.weights);
});

test('the source of a network that was never converted is itself', () => {
  expect(graphToJson(sourceOf(trained(), registry))).toEqual(graphToJson(trained()));
});
