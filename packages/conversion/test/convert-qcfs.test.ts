import { cpuBackend } from '@spikeloom/backend-cpu';
import { loadModel, saveModel } from '@spikeloom/checkpoint';
import {
  conversion,
  convertEcmt,
  convertQcfs,
  formatReport,
  reportOf,
  sourceOf,
} from '@spikeloom/conversion';
import {
  createBuilder,
  createRandom,
  createRegistry,
  eliminateDeadCode,
  type Graph,
  graphToJson,
  relu,
  softmax,
  tensor,
  withMetadata,
} from '@spikeloom/ir';
import {
  type Activation,
  clipActivation,
  convNet,
  type ConvNetOptions,
  lifActivation,
  qcfsActivation,
  reluActivation,
} from '@spikeloom/models';
import { clip, neurons, qcfs, trackedRelu } from '@spikeloom/neurons';
import { describe, expect, test } from 'vitest';
import { openGolden } from './golden.ts';
import { perceptron, randomInputs } from './perceptron.ts';
import { goldenNetwork } from './qcfs-network.ts';

const registry = createRegistry([neurons, conversion]);

/** A small trained network; random weights do. */
function network(activation: Activation, options: ConvNetOptions = {}): Graph {
  const small = { image: [1, 8, 8] as [number, number, number], channels: [3, 4], hidden: 6 };
  return convNet({ ...small, classes: 3, activation, seed: 2, ...options });
}

const trained = network(qcfsActivation({ threshold: 0.5, levels: 4 }));

/** Three activations in a row; what stands between them is up to the caller. */
function chain(between: (x: ReturnType<typeof addQcfs>, b: Builder) => typeof x): Graph {
  const b = createBuilder({ name: 'chain' });
  const first = addQcfs(b, b.input('x', ['N', 4, 4, 4]), 'first');
  b.output('y', addQcfs(b, between(first, b), 'second'));
  return b.build();
}

type Builder = ReturnType<typeof createBuilder>;

function addQcfs(b: Builder, x: Parameters<Builder['identity']>[0], name: string) {
  return b.apply(
    qcfs,
    { x, threshold: b.param(`${name}.vthr`, [1], { tensor: tensor([2]) }) },
    {},
    name,
  ).out;
}

const problemsOf = (graph: Graph) => {
  try {
    convertQcfs(graph, { registry });
  } catch (error) {
    return (error as { readonly problems: readonly object[] }).problems;
  }
  return [];
};

describe('converting a QCFS network', () => {
  const { graph, report } = convertQcfs(trained, { registry });

  test('puts neurons with the learnt threshold in place of every activation', () => {
    const before = trained.nodes.filter(({ op }) => op === qcfs.id).map(({ id }) => id);
    const after = graph.nodes.filter(({ op }) => op === 'spikeloom.neurons/if');
    expect(before).toEqual(['qcfs0', 'qcfs1', 'qcfs2']);
    expect(after.map(({ id }) => id)).toEqual(before);
    for (const { attributes, outputs } of after) {
      expect(attributes).toMatchObject({
        threshold: 0.5,
        initial: 0.25,
        reset: null,
        comparison: '>',
        output: 'threshold',
      });
      expect(outputs['spikes']!.signal).toEqual({
        kind: 'graded',
        positive: 0.5,
        negative: 0,
        levels: 1,
      });
    }
  });

  test('keeps everything else, weights and names included', () => {
    const others = (of: Graph): string[] =>
      of.nodes
        .filter(({ id }) => !/^qcfs\d$/.test(id))
        .map(({ id, op, inputs, attributes }) => JSON.stringify({ id, op, inputs, attributes }));
    expect(others(graph)).toEqual(others(trained));
    expect(graph.weights).toEqual(trained.weights);
    expect(graph.outputs).toEqual(trained.outputs);
  });

  test('reports what it did, in the model too', () => {
    expect(reportOf(graph.metadata)).toEqual(report);
    expect(reportOf(loadModel(saveModel(graph), registry).metadata)).toEqual(report);
    expect(formatReport(report)).toMatchInlineSnapshot(`
      "qcfs: 3 layers of neurons, 4 layers left analogue
        analogue    conv0: it reads the input, which is given as real numbers at every timestep
        neuron      qcfs0: spikeloom.neurons/qcfs -> threshold 0.5000, initial 0.2500
        analogue    conv1: it reads sums or means of spikes, which are real numbers
        neuron      qcfs1: spikeloom.neurons/qcfs -> threshold 0.5000, initial 0.2500
        analogue    fc0: it reads sums or means of spikes, which are real numbers
        neuron      qcfs2: spikeloom.neurons/qcfs -> threshold 0.5000, initial 0.2500
        analogue    fc1: no neurons follow: its result is the output"
    `);
  });

  test('changes nothing the second time', () => {
    expect(convertQcfs(graph, { registry })).toEqual({ graph, report });
    const loaded = loadModel(saveModel(graph), registry);
    expect(convertQcfs(loaded, { registry }).graph).toBe(loaded);
  });

  test('starts at the share of the threshold that is asked for', () => {
    const neuron = (initial: number) =>
      convertQcfs(trained, { registry, initial }).graph.nodes.find(({ id }) => id === 'qcfs1')!;
    expect(neuron(0).attributes['initial']).toBe(0);
    expect(neuron(1).attributes['initial']).toBe(0.5);
  });

  test.each([-0.1, 1.1, Number.NaN])('refuses to start at %d of the threshold', (initial) => {
    expect(() => convertQcfs(trained, { registry, initial })).toThrow(
      expect.objectContaining({ code: 'invalid-argument', path: 'convertQcfs.initial' }),
    );
  });

  test('takes clipped activations and thresholds that are constants as well', () => {
    const b = createBuilder({ name: 'clipped' });
    b.output('y', b.apply(clip, { x: b.input('x', ['N', 3]), threshold: 2 }, {}, 'act').out);
    const converted = convertQcfs(b.build(), { registry });
    expect(converted.report.entries).toEqual([
      {
        kind: 'neuron',
        path: 'act',
        from: clip.id,
        attributes: {},
        thresholdFrom: 'constant',
        threshold: 2,
        initial: 1,
      },
    ]);
    expect(graphToJson(sourceOf(converted.graph, registry))).toEqual(graphToJson(b.build()));
  });
});

describe('a converted QCFS network', () => {
  const random = createRandom(8);
  const image = tensor(
    Array.from({ length: 20 * 64 }, () => random.normal()),
    [20, 1, 8, 8],
  );

  async function meanLogits(graph: Graph, timesteps: number): Promise<number[]> {
    const program = await cpuBackend().compile(graph, { registry });
    const { logits } = await program.run({ image }, { timesteps });
    const size = logits!.data.length / timesteps;
    return Array.from({ length: size }, (_, index) => {
      let sum = 0;
      for (let step = 0; step < timesteps; step++) sum += logits!.data[step * size + index]!;
      return sum / timesteps;
    });
  }

  test('comes the closer to a clipped one the longer it runs', async () => {
    const clipped = network(clipActivation({ threshold: 0.5 }));
    const { graph } = convertQcfs(clipped, { registry });
    const exact = await meanLogits(clipped, 1);
    const errors: number[] = [];
    for (const timesteps of [4, 16, 64]) {
      const mean = await meanLogits(graph, timesteps);
      errors.push(Math.max(...mean.map((value, index) => Math.abs(value - exact[index]!))));
    }
    expect(errors[1]!).toBeLessThan(errors[0]! / 2);
    expect(errors[2]!).toBeLessThan(errors[1]! / 2);
    expect(errors[2]!).toBeGreaterThan(0);
  });

  test('knows a ReLU with a running maximum as well', () => {
    const tracking: Activation = {
      name: 'tracked',
      add: (b, x, id) => {
        const threshold = b.buffer(`${id}.largest`, [1], { tensor: tensor([2.5]) });
        return b.apply(trackedRelu, { x, threshold }, {}, id).out;
      },
    };
    const { graph, report } = convertQcfs(network(tracking), { registry });
    expect(report.entries).toContainEqual(
      expect.objectContaining({
        path: 'tracked1',
        from: trackedRelu.id,
        threshold: 2.5,
        initial: 1.25,
      }),
    );
    expect(graphToJson(sourceOf(graph, registry))).toEqual(graphToJson(network(tracking)));
  });

  test('gives its trained network back, node by node', () => {
    const severalLengths = network(qcfsActivation({ levels: 4, levelsPerStep: [4, 2, 1] }));
    for (const of of [trained, severalLengths, goldenNetwork(openGolden('convert_qcfs_a'))]) {
      const { graph } = convertQcfs(of, { registry });
      const source = sourceOf(loadModel(saveModel(graph), registry), registry);
      expect(graphToJson(source)).toEqual(graphToJson(of));
      expect(source.weights).toEqual(of.weights);
    }
  });

  test('gives it back when a pass has dropped the thresholds, two of which are one', async () => {
    const b = createBuilder({ name: 'shared' });
    const threshold = b.param('vthr', [], { tensor: tensor([0.75], []) });
    const levels = { levels: 4 };
    const first = b.apply(
      qcfs,
      { x: b.input('image', ['N', 1, 8, 8]), threshold },
      levels,
      'a',
    ).out;
    b.output('logits', b.apply(qcfs, { x: b.add(first, 0.1), threshold }, levels, 'b').out);
    const shared = b.build();
    const { graph } = convertQcfs(shared, { registry });
    const swept = eliminateDeadCode(graph);
    expect(swept.weights.has('vthr')).toBe(false);
    expect(await meanLogits(sourceOf(swept, registry), 1)).toEqual(await meanLogits(shared, 1));
  });
});

describe('what stands in the way of conversion is named', () => {
  const pool = { kernel: [2, 2], stride: [2, 2] } as const;

  test.each<[string, string, Graph]>([
    [
      'max pooling',
      'pool',
      chain((x, b) =>
        b.maxPool2d(x, { kernel: [...pool.kernel], stride: [...pool.stride] }, 'pool'),
      ),
    ],
    ['a ReLU', 'act', chain((x, b) => b.apply(relu, { x }, {}, 'act').out)],
    ['soft-max', 'act', chain((x, b) => b.apply(softmax, { x }, { axis: -1 }, 'act').out)],
    ['a product of activations', 'square', chain((x, b) => b.mul(x, x, 'square'))],
  ])('%s between neurons', (_, path, graph) => {
    expect(problemsOf(graph)).toEqual([
      expect.objectContaining({ code: 'cannot-convert', path, fix: expect.any(String) }),
    ]);
  });

  test('everything at once', () => {
    const graph = chain((x, b) => b.apply(relu, { x: b.exp(x, 'exp') }, {}, 'act').out);
    expect(problemsOf(graph).map((problem) => 'path' in problem && problem.path)).toEqual([
      'exp',
      'act',
    ]);
  });

  test('a ReLU after the last neurons, whose mean is another one', () => {
    const b = createBuilder();
    b.output('y', b.apply(relu, { x: addQcfs(b, b.input('x', ['N', 3]), 'first') }, {}, 'act').out);
    expect(problemsOf(b.build())).toEqual([expect.objectContaining({ path: 'act' })]);
  });

  test.each([0, -1])('a threshold of %d', (threshold) => {
    const weights = new Map([...trained.weights, ['qcfs1.vthr', tensor([threshold])] as const]);
    expect(problemsOf({ ...trained, weights })).toEqual([
      expect.objectContaining({ code: 'cannot-convert', path: 'qcfs1.vthr', got: `${threshold}` }),
    ]);
  });

  test('a threshold without a number', () => {
    const weights = new Map([...trained.weights].filter(([name]) => name !== 'qcfs1.vthr'));
    expect(problemsOf({ ...trained, weights })).toEqual([
      expect.objectContaining({ path: 'qcfs1.vthr', fix: expect.stringContaining('load') }),
    ]);
    const b = createBuilder();
    const x = b.input('x', ['N']);
    b.output('y', b.apply(qcfs, { x, threshold: b.max(x, [0], false, 'largest') }, {}, 'act').out);
    expect(problemsOf(b.build())).toEqual([
      expect.objectContaining({ path: 'largest', fix: expect.stringContaining('input') }),
    ]);
  });

  test.each<[string, Graph, string]>([
    ['a network with ReLU only', network(reluActivation()), 'conv-net'],
    ['a network that spikes already', network(lifActivation()), 'lif0'],
    [
      'a normalisation that knows the timestep',
      network(qcfsActivation(), { norm: 'tebn', timesteps: 2 }),
      'bn0',
    ],
  ])('%s', (_, graph, path) => {
    expect(problemsOf(graph)[0]).toMatchObject({ code: 'cannot-convert', path });
  });

  test('a network that ECMT converted', async () => {
    const { graph } = await convertEcmt(perceptron(), {
      backend: cpuBackend(),
      registry,
      data: randomInputs(1),
    });
    expect(problemsOf(graph)[0]).toMatchObject({ code: 'cannot-convert' });
  });

  test('and ECMT refuses what QCFS converted', async () => {
    const { graph } = convertQcfs(trained, { registry });
    await expect(
      convertEcmt(graph, { backend: cpuBackend(), registry, data: [] }),
    ).rejects.toMatchObject({ code: 'cannot-convert' });
  });
});

test('what is not linear before the first neurons stays, with a warning', () => {
  const b = createBuilder({ name: 'front' });
  const x = b.apply(relu, { x: b.input('x', ['N', 3]) }, {}, 'front').out;
  b.output('y', addQcfs(b, x, 'first'));
  const { graph, report } = convertQcfs(b.build(), { registry });
  expect(graph.nodes.find(({ id }) => id === 'front')!.op).toBe(relu.id);
  expect(report.warnings).toEqual([expect.stringContaining('front: spikeloom/relu')]);
  expect(formatReport(report)).toContain('warning');
});

test.each([
  { method: 'qcfs' },
  { method: 'qcfs', options: {}, entries: [], warnings: [] },
  { method: 'qcfs', options: { initial: 0.5 }, entries: [null], warnings: [] },
  { method: 'magic', entries: [] },
])('metadata that only looks like a report is none: %j', (report) => {
  expect(reportOf(withMetadata(trained, { conversion: report as never }).metadata)).toBeUndefined();
});
