import { cpuBackend } from '@spikeloom/backend-cpu';
import {
  createBuilder,
  definePlugin,
  dropout,
  type Graph,
  resolveShape,
  type Tensor,
  tensor,
  valueTypes,
} from '@spikeloom/ir';
import { lif, multiThreshold } from '@spikeloom/neurons';
import { expectClose } from '@spikeloom/testkit';
import { rule } from '@spikeloom/training';
import { describe, expect, test } from 'vitest';
import { type Network, networks, randomTensor } from './networks.ts';
import { type BackResult, registry, runBack } from './run-back.ts';

const backend = cpuBackend();
const samples = 3;

/** `[T, N, …]` random numbers for the input `x`. */
function dataFor(graph: Graph, timesteps: number): Tensor {
  const shape = resolveShape(valueTypes(graph).get('x')!.shape, { N: samples });
  return randomTensor([timesteps, ...shape], 11);
}

function stepOf({ shape, data }: Tensor, step: number): Tensor {
  const size = data.length / shape[0]!;
  return tensor(Float32Array.from(data.slice(step * size, (step + 1) * size)), shape.slice(1));
}

/** The network run as ever, step by step. */
async function ordinary({ graph, sequences }: Network, timesteps: number): Promise<Tensor> {
  const data = dataFor(graph, timesteps);
  const steps = Array.from({ length: timesteps }, (_, step) => stepOf(data, step));
  const program = await backend.compile(graph, { registry });
  const x = sequences.includes('x') ? steps : steps[0]!;
  const { out } = await program.run({ x }, { timesteps });
  program.dispose();
  return out!;
}

async function unrolled(
  { graph, sequences }: Network,
  timesteps: number,
  fused: boolean,
): Promise<BackResult> {
  const data = dataFor(graph, timesteps);
  const [, rows, ...rest] = data.shape as [number, number, ...number[]];
  const output = graph.outputs['out']!;
  const outputShape = resolveShape(valueTypes(graph).get(output)!.shape, { N: samples });
  const x = sequences.includes('x')
    ? { ...data, shape: [timesteps * rows, ...rest] }
    : stepOf(data, 0);
  return runBack(graph, {
    backend,
    timesteps,
    samples,
    inputs: { x },
    sequences,
    upstream: { [output]: randomTensor([timesteps, ...outputShape], 12) },
    wrt: ['x', ...graph.weights.keys()],
    fused,
  });
}

describe.each(networks)('a network $name', (network) => {
  test.each([1, 2, 5])('gives the same outputs as step by step, T = %i', async (timesteps) => {
    const expected = await ordinary(network, timesteps);
    for (const fused of [false, true]) {
      const { values } = await unrolled(network, timesteps, fused);
      const [out] = Object.values(values);
      expect(out).toEqual(expected);
    }
  });

  test('has the same gradients with training forms and without', async () => {
    const general = await unrolled(network, 5, false);
    const fused = await unrolled(network, 5, true);
    for (const [name, gradient] of Object.entries(general.gradients)) {
      expect(gradient.data.some((part) => part !== 0)).toBe(true);
      expectClose(name, fused.gradients[name]!, gradient, { absolute: 1e-6, relative: 1e-6 });
    }
  });
});

describe('unroll', () => {
  const tapped = (graph: Graph, ref: string): Promise<BackResult> =>
    runBack(graph, {
      backend,
      timesteps: 2,
      samples,
      inputs: { x: randomTensor([samples, 3], 1) },
      upstream: { [ref]: randomTensor([2, samples, 3], 2) },
      wrt: ['x'],
    });

  test('finds values inside a neuron under the paths they have at inference', async () => {
    const b = createBuilder();
    const attributes = { threshold: 0.5, output: 'threshold' } as const;
    b.output('out', b.apply(lif, { current: b.input('x', ['N', 3]) }, attributes, 'lif').spikes);
    const graph = b.build();
    const program = await backend.compile(graph, { registry, expose: ['lif.potential'] });
    const potentials: number[] = [];
    const observe = ({ value }: { value: Tensor }): number => potentials.push(...value.data);
    const x = randomTensor([samples, 3], 1);
    await program.run({ x }, { timesteps: 2, taps: [{ at: 'lif.potential', observe }] });
    const potential = await tapped(graph, 'lif.potential');
    expect([...potential.values['lif.potential']!.data]).toEqual(potentials);
    const emitted = await tapped(graph, 'lif');
    const spikes = await tapped(graph, 'lif.spikes');
    const half = spikes.values['lif.spikes']!.data.map((spike) => spike / 2);
    expect(emitted.values['lif']!.data).toEqual(half);
  });

  test('refuses to look at what the network does not compute', async () => {
    const b = createBuilder();
    b.apply(lif, { current: b.input('x', ['N', 3]) }, {}, 'lif');
    await expect(tapped(b.build(), 'lif.charged')).rejects.toThrow(
      expect.objectContaining({ code: 'unknown-value', path: 'lif.charged' }),
    );
  });

  test('refuses a loop through what needs all timesteps at once, saying where', async () => {
    const b = createBuilder();
    const x = b.input('x', ['N', 3]);
    const last = b.state('last', { like: x });
    const key = b.constant(0);
    const { out } = b.apply(dropout, { x: b.add(x, last), key }, {}, 'loop.dropout');
    b.write(last, out);
    await expect(tapped(b.build(), 'loop.dropout')).rejects.toThrow(
      expect.objectContaining({ code: 'unsupported', path: 'loop.dropout' }),
    );
  });

  test('lowers what has states although it has a gradient of its own', async () => {
    const graph = networks.find(({ name }) => name.includes('several thresholds'))!.graph;
    const wrong = definePlugin({
      id: 'test/plugin',
      apiVersion: 1,
      gradients: [rule(multiThreshold.id, () => ({}))],
    });
    const options = {
      backend,
      timesteps: 3,
      samples,
      inputs: { x: randomTensor([samples, 3], 1) },
      upstream: { [graph.outputs['out']!]: randomTensor([3, samples, 3], 2) },
      wrt: ['x'],
    };
    expect(await runBack(graph, { ...options, plugins: [wrong] })).toEqual(
      await runBack(graph, options),
    );
  });
});
