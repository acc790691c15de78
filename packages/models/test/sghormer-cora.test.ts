import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { attention } from '@spikeloom/attention';
import { readSafetensors, toTensor } from '@spikeloom/checkpoint';
import { graphFromTensors, nodeAccuracy, nodeInputs } from '@spikeloom/datasets';
import { createRegistry } from '@spikeloom/ir';
import { loadSghormer } from '@spikeloom/models';
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
      const { tensors, metadata } = readSafetensors(
        readFileSync(join(folder!, 'cora.safetensors')),
      );
      const read = [...tensors].map(([name, stored]) => [name, toTensor(name, stored)] as const);
      const graph = graphFromTensors('cora', new Map(read), metadata);
      const golden = openGolden('cora_seed0', new URL('golden/sghormer/', import.meta.url));
      const names = golden.names.filter((name) => name !== 'out.logits');
      const network = loadSghormer(
        {
          preset: 'large',
          features: 1433,
          classes: 7,
          input: 'sparse',
          nodes: graph.nodes,
        },
        new Map(names.map((name) => [name, golden.tensor(name)])),
      );
      const inputs = nodeInputs(graph, { features: 'sparse', rowSums: true });
      const program = await backend.compile(network, { registry, batch: 'V' });
      const { logits } = await program.run(inputs, { timesteps: 1 });
      program.dispose();
      expect(nodeAccuracy(graph, logits!, graph.splits[0]!.test)).toBeCloseTo(0.759, 6);
      const found = { ...logits!, shape: logits!.shape.slice(1) };
      expectClose('logits', found, golden.tensor('out.logits'), { absolute: 1e-4 });
    },
  );
});
