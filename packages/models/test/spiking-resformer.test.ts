import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { attention } from '@spikeloom/attention';
import { wasmBackend } from '@spikeloom/backend-wasm';
import {
  assertValid,
  createRegistry,
  type Graph,
  graphFromJson,
  graphToJson,
  sizeOf,
  tensor,
  type Tensor,
} from '@spikeloom/ir';
import {
  loadSpikingResformer,
  replaceClassifier,
  spikingResformer,
  type SpikingResformerOptions,
  vit,
} from '@spikeloom/models';
import { neurons } from '@spikeloom/neurons';
import { createTrainer, meanOutputLoss, sgd, training } from '@spikeloom/training';
import { describe, expect, test } from 'vitest';

const registry = createRegistry([attention, neurons]);

interface RecordedModel {
  readonly parameters: number;
  readonly buffers: number;
  /** Key tokens of each attention block. */
  readonly keys: Readonly<Record<string, number>>;
  readonly state?: readonly (readonly [
    name: string,
    shape: readonly number[],
    kind: 'param' | 'buffer',
  ])[];
}

const recorded = JSON.parse(
  gunzipSync(
    readFileSync(new URL('golden/spiking-resformer-parameters.json.gz', import.meta.url)),
  ).toString(),
) as Readonly<Record<string, RecordedModel>>;

/** `spikingresformer_ti@1000` in our options; the S of 10, 100 and 11 classes is that of transfer, at 128 pixels. */
function optionsOf(name: string): SpikingResformerOptions {
  const [, variant, classes] = /_(\w+)@(\d+)$/.exec(name)!;
  const transfer = variant === 's' && classes !== '1000';
  return {
    variant: variant as 'ti',
    classes: Number(classes),
    ...(transfer ? { image: [3, 128, 128] as const } : {}),
  } as SpikingResformerOptions;
}

const small: SpikingResformerOptions = {
  variant: 'custom',
  image: [2, 8, 8],
  classes: 3,
  planes: [4, 8],
  heads: [1, 2],
  patches: [2, 1],
  depths: [1, 1],
  groupSize: 8,
};

describe.each(Object.entries(recorded))('%s has, as the published model,', (name, wanted) => {
  const graph = spikingResformer(optionsOf(name));
  const ofKind = (kind: string) => graph.nodes.filter(({ op }) => op === `spikeloom/${kind}`);
  const shapeOf = (node: Graph['nodes'][number]) => node.outputs['out']!.shape as number[];
  const count = (kind: string): number =>
    ofKind(kind).reduce((sum, node) => sum + sizeOf(shapeOf(node)), 0);

  test('the number of parameters', () => {
    expect(count('param')).toBe(wanted.parameters);
  });

  test('the statistics', () => {
    // A counter of batches for each normalisation is not among ours.
    const counters = graph.nodes.filter(({ op }) => op === 'spikeloom/batch-norm').length;
    expect(count('buffer')).toBe(wanted.buffers - counters);
  });

  test('the key tokens', () => {
    const keys = graph.nodes
      .filter(({ op }) => op === 'spikeloom.attention/dssa')
      .map((node) => {
        const norm = graph.nodes.find(({ id }) => id === node.inputs['keys'])!;
        const [, , height, width] = shapeOf(norm);
        return [node.id.replace('.attention', ''), height! * width!];
      });
    expect(Object.fromEntries(keys)).toEqual(wanted.keys);
  });

  // Recorded once for each variant: the number of classes changes nothing else.
  if (!wanted.state) return;
  test('the names and shapes', () => {
    const found = ['param', 'buffer'].flatMap((kind) =>
      ofKind(kind).map((node) => [node.id, shapeOf(node), kind] as const),
    );
    const byName = (a: readonly [string, ...unknown[]], b: readonly [string, ...unknown[]]) =>
      a[0] < b[0] ? -1 : 1;
    expect(found.toSorted(byName)).toEqual(wanted.state!.toSorted(byName));
  });
});

describe('the options', () => {
  test.each([
    ['a variant that does not exist', { variant: 'xl' }, 'config.variant'],
    ['an unknown field', { variant: 'ti', depth: 3 }, 'config.depth'],
    ['a custom network without stages', { variant: 'custom', image: [1, 8, 8] }, 'config.planes'],
    ['too few heads', { variant: 'ti', heads: [1, 3] }, 'config.heads'],
    [
      'heads that do not divide the channels',
      { variant: 'ti', heads: [1, 5, 6] },
      'config.heads.1',
    ],
    ['groups that do not divide', { variant: 'ti', groupSize: 96 }, 'config.groupSize'],
    [
      'an image whose map the patches do not fill',
      { variant: 'ti', image: [3, 200, 200] },
      'config.patches.0',
    ],
    ['as many labels as classes', { variant: 'ti', classes: 2, labels: ['a'] }, 'config.labels'],
    [
      'a preprocessing of other channels',
      { variant: 'ti', preprocess: { mean: [0], std: [1] } },
      'config.preprocess.mean',
    ],
    ['a time constant that never leaks', { variant: 'ti', tau: 1 }, 'config.tau'],
  ])('%s: named', (_, options, path) => {
    expect(() => spikingResformer(options as unknown as SpikingResformerOptions)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', path }),
    );
  });

  test('may change a part of a variant', () => {
    const graph = spikingResformer({ variant: 'cifar', neuron: 'plif', convolutions: 2 });
    const names = new Set(graph.nodes.map(({ id }) => id));
    expect(names).toContain('layers.0.0.activation_attn.w');
    expect(names).toContain('layers.0.1.conv.1.2.bn.weight');
  });

  test('are stored as far as a user of the model needs them', () => {
    const { metadata } = spikingResformer({ ...small, labels: ['a', 'b', 'c'] });
    expect(metadata).toEqual({ family: 'spiking-resformer', labels: ['a', 'b', 'c'] });
  });
});

describe('weights', () => {
  test('are drawn as in the reference code, the same for the same seed', () => {
    const { weights } = spikingResformer({ ...small, neuron: 'plif', tau: 1.5, seed: 4 });
    expect(spikingResformer({ ...small, neuron: 'plif', tau: 1.5, seed: 4 }).weights).toEqual(
      weights,
    );
    const numbers = (name: string): number[] => [...weights.get(name)!.data];
    const convolution = numbers('layers.1.2.conv.0.1.weight');
    const variance = convolution.reduce((sum, value) => sum + value ** 2, 0) / convolution.length;
    expect(Math.sqrt(variance)).toBeCloseTo(0.02, 3);
    expect(numbers('layers.0.0.firing_rate_attn')).toEqual([0]);
    expect(numbers('layers.1.1.norm.bn.weight')).toEqual(Array.from({ length: 16 }, () => 1));
    // 1 / tau = sigmoid(w)
    const [w] = numbers('layers.0.0.activation_out.w');
    expect(1 + Math.exp(-w!)).toBeCloseTo(1.5, 6);
  });

  test('are those of a state dict, counters of batches aside', () => {
    const { weights } = spikingResformer({ ...small, neuron: 'plif', seed: 1 });
    const counter: Tensor = tensor([25], [], 'int32');
    const w = weights.get('layers.0.1.up.0.w')!;
    const state = new Map(weights)
      .set('prologue.1.bn.num_batches_tracked', counter)
      .set('layers.0.1.up.0.w', { ...w, shape: [1] });
    expect(loadSpikingResformer({ ...small, neuron: 'plif' }, state).weights).toEqual(weights);
  });

  test('that are missing, left over or misshaped are all named', () => {
    const { weights } = spikingResformer({ ...small, seed: 1 });
    const state = new Map(weights).set('layers.9.0.W.weight', tensor([1]));
    state.delete('layers.0.0.Wproj.weight');
    state.set('classifier.weight', tensor(new Float32Array(40), [5, 8]));
    expect(() => loadSpikingResformer(small, state)).toThrow(
      expect.objectContaining({
        code: 'checkpoint-mismatch',
        problems: [
          expect.objectContaining({ path: 'layers.0.0.Wproj.weight' }),
          expect.objectContaining({ path: 'classifier.weight', got: 'float32 [5, 8]' }),
          expect.objectContaining({ path: 'layers.9.0.W.weight' }),
        ],
      }),
    );
  });
});

describe('an untrained network', () => {
  test('runs: rates that were never seen do not divide by zero', async () => {
    const graph = spikingResformer({ ...small, seed: 2 });
    const program = await wasmBackend().compile(graph, { registry });
    const image = tensor(
      Array.from({ length: 256 }, (_, index) => Math.sin(index) * 20),
      [2, 2, 8, 8],
    );
    const { logits } = await program.run({ image }, { timesteps: 3 });
    expect(logits!.shape).toEqual([3, 2, 3]);
    expect([...logits!.data].every(Number.isFinite)).toBe(true);
    expect(new Set(logits!.data).size).toBeGreaterThan(3);
  });

  test('learns, and its rates become those of its spikes', async () => {
    const graph = spikingResformer({ ...small, seed: 2 });
    const trainer = createTrainer(graph, {
      backend: wasmBackend(),
      registry: createRegistry([attention, neurons, training]),
      timesteps: 3,
      loss: meanOutputLoss(),
      optimiser: sgd(),
    });
    const image = tensor(
      Array.from({ length: 768 }, (_, index) => Math.sin(index * index) * 3),
      [6, 2, 8, 8],
    );
    const labels = [0, 1, 2, 0, 1, 2];
    const losses: number[] = [];
    for (let step = 0; step < 12; step++) {
      const { loss } = await trainer.step({ image }, labels, { learningRate: 0.5 });
      losses.push(loss);
    }
    expect(losses.at(-1)!).toBeLessThan(losses[0]! / 2);
    for (const [name, { data }] of trainer.graph().weights) {
      if (!name.includes('firing_rate')) continue;
      expect(Math.min(...data), name).toBeGreaterThan(0);
      expect(Math.max(...data), name).toBeLessThan(1);
    }
    trainer.dispose();
  });
});

describe('another classifier', () => {
  const trained = spikingResformer({ ...small, labels: ['a', 'b', 'c'], seed: 3 });

  test('has the new classes, and leaves all else as it is', () => {
    const graph = replaceClassifier(trained, 7, { seed: 5 });
    assertValid(graph, registry);
    expect(graph.nodes.find(({ id }) => id === 'classifier')!.outputs['out']!.shape).toEqual([
      'N',
      7,
    ]);
    expect(graph.weights.get('classifier.weight')!.shape).toEqual([7, 8]);
    expect(graph.metadata).toEqual({ family: 'spiking-resformer' });
    const others = (weights: Graph['weights']) =>
      [...weights].filter(([name]) => name !== 'classifier.weight');
    expect(others(graph.weights)).toEqual(others(trained.weights));
    expect(trained.weights.get('classifier.weight')!.shape).toEqual([3, 8]);
    expect(graphFromJson(graphToJson(graph), graph.weights, registry).nodes).toEqual(graph.nodes);
  });

  test('has no weights unless a seed is given, and the labels it is given', () => {
    const graph = replaceClassifier(trained, 2, { labels: ['yes', 'no'] });
    expect(graph.weights.has('classifier.weight')).toBe(false);
    expect(graph.metadata['labels']).toEqual(['yes', 'no']);
  });

  test('may have a bias, as that of a ViT', () => {
    const shape = {
      image: [1, 8, 8] as [number, number, number],
      patch: 4,
      dim: 8,
      depth: 1,
      heads: 2,
      classes: 4,
    };
    const graph = replaceClassifier(vit(shape), 6, { seed: 1 });
    expect(graph.weights.get('head.bias')).toEqual(tensor(new Float32Array(6)));
    expect(graph.weights.get('head.weight')!.shape).toEqual([6, 8]);
  });

  test('is refused where it makes no sense', () => {
    expect(() => replaceClassifier(trained, 0)).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    );
    expect(() => replaceClassifier(trained, 2, { labels: ['one'] })).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    );
    expect(() => replaceClassifier(trained, 2, { output: 'scores' })).toThrow(
      expect.objectContaining({ code: 'invalid-argument', got: 'scores' }),
    );
    const other = { ...trained, outputs: { logits: 'layers.0.1' } };
    expect(() => replaceClassifier(other, 2)).toThrow(
      expect.objectContaining({ code: 'unsupported', path: 'layers.0.1', got: 'spikeloom/add' }),
    );
  });
});
