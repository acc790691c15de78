import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { attention } from '@spikeloom/attention';
import { readSafetensors, toTensor } from '@spikeloom/checkpoint';
import { graphFromTensors, nodeAccuracy, nodeInputs } from '@spikeloom/datasets';
import { createMeter, horowitz45nm, priceOf, sghormerCounting } from '@spikeloom/energy';
import { createRegistry } from '@spikeloom/ir';
import { foldRectify, loadSghormer } from '@spikeloom/models';
import { expectClose } from '@spikeloom/testkit';
import { describe, expect, test } from 'vitest';
import { openGolden } from '../../attention/test/golden.ts';
import { backends } from './backends.ts';

const registry = createRegistry([attention]);

/** A folder with real graphs, which are other people's and do not come with the sources. */
const folder = process.env['SPIKELOOM_GRAPHS'];

describe.skipIf(folder === undefined)('with Cora in the folder SPIKELOOM_GRAPHS', () => {
  test.each(backends)(
    'a trained SGHormer is as good as in the reference code, on %s',
    async (_, backend) => {
      const { graph, golden, inputs, network } = trainedOnCora();
      const program = await backend.compile(network, { registry, batch: 'V' });
      const { logits } = await program.run(inputs, { timesteps: 1 });
      program.dispose();
      expect(nodeAccuracy(graph, logits!, graph.splits[0]!.test)).toBeCloseTo(0.759, 6);
      const found = { ...logits!, shape: logits!.shape.slice(1) };
      expectClose('logits', found, golden.tensor('out.logits'), { absolute: 1e-4 });
    },
  );

  test('it costs as much as in the reference code', async () => {
    const { inputs, network } = trainedOnCora();
    const folded = foldRectify(network, registry);
    const [, backend] = backends[0]!;
    const meter = createMeter(folded, { registry, countings: [sghormerCounting] });
    const program = await backend.compile(folded, { registry, expose: meter.expose });
    await program.run(inputs, { timesteps: 1, taps: meter.start(1) });
    program.dispose();
    const [counts] = meter.report()[0]!.steps;
    expect(counts!.mac).toBe(49_216 * 32 + 2 * 13_264 * 32);
    // Millijoules.
    expect(priceOf(counts!, horowitz45nm) / 1e9).toBeCloseTo(0.0383070744, 9);
  });
});

function trainedOnCora() {
  const { tensors, metadata } = readSafetensors(readFileSync(join(folder!, 'cora.safetensors')));
  const read = [...tensors].map(([name, stored]) => [name, toTensor(name, stored)] as const);
  const graph = graphFromTensors('cora', new Map(read), metadata);
  const inputs = nodeInputs(graph, { features: 'sparse', rowSums: true });
  const golden = openGolden('cora_seed0', new URL('golden/sghormer/', import.meta.url));
  const names = golden.names.filter((name) => name !== 'out.logits');
  const network = loadSghormer(
    {
      preset: 'large',
      features: 1433,
      classes: 7,
      input: 'sparse',
      nodes: graph.nodes,
      edges: inputs['edges']!.shape[1]!,
      nonZeros: inputs['values']!.shape[0]!,
    },
    new Map(names.map((name) => [name, golden.tensor(name)])),
  );
  return { graph, golden, inputs, network };
}
