import { cpuBackend } from '@spikeloom/backend-cpu';
import {
  holdsGraph,
  loadModel,
  modelFrom,
  readSafetensors,
  saveModel,
  writeSafetensors,
} from '@spikeloom/checkpoint';
import {
  createBuilder,
  createRandom,
  createRegistry,
  type Graph,
  graphToJson,
  type GraphJson,
  irVersion,
  isSpikeloomError,
  tensor,
} from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { exampleModel, registry } from './example-model.ts';

describe('a model', () => {
  test('is the same after saving and loading: graph, types and every bit of its weights', () => {
    const model = exampleModel();
    const loaded = loadModel(saveModel(model), registry);
    expect(graphToJson(loaded)).toEqual(graphToJson(model));
    expect(loaded.nodes).toEqual(model.nodes);
    expect([...loaded.weights.keys()].toSorted()).toEqual([...model.weights.keys()].toSorted());
    for (const [name, weight] of model.weights) expect(loaded.weights.get(name)).toEqual(weight);
  });

  test('keeps weights that are not numbers, not finite or minus zero bit for bit', () => {
    const words = Uint32Array.of(0x7fc0_0001, 0xff80_0000, 0x8000_0000, 1);
    const model = oneWeight(tensor(new Float32Array(words.buffer)));
    const loaded = loadModel(saveModel(model), registry).weights.get('w')!;
    expect(new Uint32Array(loaded.data.buffer)).toEqual(words);
  });

  test('gives the same results after saving and loading', async () => {
    const model = exampleModel();
    const random = createRandom(4);
    const x = tensor(
      Array.from({ length: 12 }, () => random.normal()),
      [3, 4],
    );
    const results = await Promise.all(
      [model, loadModel(saveModel(model), registry)].map(async (graph) => {
        const program = await cpuBackend().compile(graph, { registry });
        return program.run({ x }, { timesteps: 5 });
      }),
    );
    expect(results[1]).toEqual(results[0]);
    expect(results[0]!['out']!.data.some((value) => value !== 0)).toBe(true);
  });

  test('is the same file each time it is saved', () => {
    const bytes = saveModel(exampleModel());
    expect(saveModel(exampleModel())).toEqual(bytes);
    expect(saveModel(loadModel(bytes, registry))).toEqual(bytes);
  });

  test('is a safetensors file with its weights under their names', () => {
    const file = readSafetensors(saveModel(exampleModel()));
    expect(holdsGraph(file)).toBe(true);
    expect(file.metadata.get('spikeloom.ir_version')).toBe(`${irVersion}`);
    expect(file.tensors.get('block.0.fc.weight')).toMatchObject({ dtype: 'F32', shape: [6, 4] });
  });
});

describe('loading refuses', () => {
  test('a checkpoint without a graph, and says what to do', () => {
    const bytes = writeSafetensors({ tensors: new Map(), metadata: new Map([['format', 'pt']]) });
    expect(holdsGraph(readSafetensors(bytes))).toBe(false);
    expect(() => loadModel(bytes, registry)).toThrow(
      expect.objectContaining({
        code: 'corrupt-file',
        message: expect.stringContaining('tensors but no graph'),
        fix: expect.stringContaining('plain checkpoint'),
      }),
    );
  });

  test('a file of a newer IR version, whichever of its two places says so', () => {
    const newer = expect.objectContaining({ code: 'newer-ir-version', got: '99' });
    expect(() => modelFrom(fileOf(exampleModel(), { version: '99' }), registry)).toThrow(newer);
    const edit = (graph: GraphJson): unknown => ({ ...graph, irVersion: 99 });
    expect(() => modelFrom(fileOf(exampleModel(), { edit }), registry)).toThrow(newer);
  });

  test('a newer version of an operator, naming the node', () => {
    const edit = editNode('block.0.lif', { version: 7 });
    expect(() => modelFrom(fileOf(exampleModel(), { edit }), registry)).toThrow(
      expect.objectContaining({ code: 'newer-operator', path: 'block.0.lif', got: 'version 7' }),
    );
  });

  test('an unknown operator, naming the node and the package to install', () => {
    expect(() => loadModel(saveModel(exampleModel()), createRegistry())).toThrow(
      expect.objectContaining({
        code: 'unknown-operator',
        problems: [
          expect.objectContaining({
            code: 'unknown-operator',
            path: 'block.0.lif',
            fix: expect.stringContaining('@spikeloom/neurons'),
          }),
          expect.objectContaining({ code: 'unknown-operator', path: 'graded' }),
        ],
      }),
    );
    const edit = editNode('both', { op: 'acme/both' });
    expect(() => modelFrom(fileOf(exampleModel(), { edit }), registry)).toThrow(
      expect.objectContaining({ code: 'unknown-operator', path: 'both' }),
    );
  });

  test('a graph whose nodes depend on each other', () => {
    const edit = editNode('block.0.fc', {
      inputs: { x: 'total', weight: 'block.0.fc.weight', bias: 'block.0.fc.bias' },
    });
    expect(() => modelFrom(fileOf(exampleModel(), { edit }), registry)).toThrow(
      expect.objectContaining({
        problems: expect.arrayContaining([expect.objectContaining({ code: 'cycle' })]),
      }),
    );
  });

  test.each([
    ['text that is not JSON', '{"irVersion":1', 'spikeloom.graph'],
    ['an empty text', '', 'spikeloom.graph'],
    ['a number', '1', 'graph'],
    ['a list', '[]', 'irVersion'],
    ['a graph without nodes', '{"irVersion":1,"name":"x","outputs":{}}', 'nodes'],
    ['a graph nested a hundred levels', `${'['.repeat(100)}${']'.repeat(100)}`, 'spikeloom.graph'],
    ['a graph nested a million levels', '{"a":'.repeat(1e6), 'spikeloom.graph'],
  ])('%s in place of a graph', (_, text, path) => {
    const metadata = new Map([['spikeloom.graph', text]]);
    expect(() => modelFrom({ tensors: new Map(), metadata }, registry)).toThrow(
      expect.objectContaining({ code: 'corrupt-file', path }),
    );
  });

  test('whatever changes in its graph, with a Spikeloom error and nothing else', () => {
    const random = createRandom(12);
    const outcomes = { read: 0, refused: 0 };
    for (let round = 0; round < 1500; round++) {
      const edit = (graph: GraphJson): unknown => scramble(structuredClone(graph), random);
      try {
        modelFrom(fileOf(exampleModel(), { edit }), registry);
        outcomes.read += 1;
      } catch (error) {
        if (!isSpikeloomError(error)) throw error;
        outcomes.refused += 1;
      }
    }
    expect(Math.min(outcomes.read, outcomes.refused)).toBeGreaterThan(50);
  });
});

function oneWeight(weight: ReturnType<typeof tensor>): Graph {
  const b = createBuilder();
  b.output('w', b.param('w', weight.shape, { tensor: weight }));
  return b.build();
}

/** A model's file, with its graph or version changed. */
function fileOf(
  graph: Graph,
  { version, edit }: { version?: string; edit?: (graph: GraphJson) => unknown },
): ReturnType<typeof readSafetensors> {
  const file = readSafetensors(saveModel(graph));
  const metadata = new Map(file.metadata);
  if (version !== undefined) metadata.set('spikeloom.ir_version', version);
  if (edit) metadata.set('spikeloom.graph', JSON.stringify(edit(graphToJson(graph))));
  return { ...file, metadata };
}

function editNode(id: string, change: object): (graph: GraphJson) => unknown {
  return (graph) => ({
    ...graph,
    nodes: graph.nodes.map((node) => (node.id === id ? { ...node, ...change } : node)),
  });
}

/** Replaces, removes or swaps something somewhere in a JSON value. */
function scramble(root: unknown, random: ReturnType<typeof createRandom>): unknown {
  const places: { holder: Record<string, unknown>; key: string }[] = [];
  const visit = (holder: unknown): void => {
    if (typeof holder !== 'object' || holder === null) return;
    for (const key of Object.keys(holder)) {
      const record = holder as Record<string, unknown>;
      places.push({ holder: record, key });
      visit(record[key]);
    }
  };
  visit(root);
  const pick = () => places[random.below(places.length)]!;
  const [place, other] = [pick(), pick()];
  const value = place.holder[place.key];
  const strange = [null, true, -1, 0, 1.5, 1e308, '', 'x', '__proto__', 'a:b', [], {}, [[]], -0];
  const choice = random.below(4);
  if (choice === 0) place.holder[place.key] = strange[random.below(strange.length)];
  else if (choice === 1) delete place.holder[place.key];
  else if (choice === 2 && typeof value === 'number') place.holder[place.key] = value + 1;
  else place.holder[place.key] = structuredClone(other.holder[other.key]);
  return root;
}
