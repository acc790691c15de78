import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromTensor, writeSafetensors } from '@spikeloom/checkpoint';
import { readModelFile } from '@spikeloom/checkpoint/node';
import { createRandom, type Tensor, tensor } from '@spikeloom/ir';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { registry } from '../src/options.ts';
import { type CommandResult, runCommand } from './run-command.ts';

const folder = mkdtempSync(join(tmpdir(), 'spikeloom-graphs-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A training of a few seconds. */
const config = {
  model: { architecture: 'sghormer', preset: 'large', width: 8, timesteps: 3 },
  dataset: { graph: 'block-model' },
  epochs: 15,
};
const out = join(folder, 'nodes');
const model = join(out, 'model.safetensors');

function writeConfig(given: object, name = 'config.json'): string {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify(given));
  return path;
}

let training: CommandResult;

beforeAll(async () => {
  training = await runCommand(['train', writeConfig(config), '--out', out, '--json']);
});

describe('a classifier of nodes', () => {
  test('is trained, and kept with its configuration', () => {
    expect(training.code).toBe(0);
    expect(training.json()).toMatchObject({ model, dataset: 'stochastic block model' });
    // A quarter would be chance.
    expect(training.json()['accuracy']).toBeGreaterThan(0.4);
    expect(existsSync(model)).toBe(true);
    const kept = JSON.parse(readFileSync(join(out, 'config.json'), 'utf8')) as object;
    expect(kept).toMatchObject({ ...config, learningRate: 0.02, dataset: { split: 1 } });
  });

  test('is measured on the test part, after every timestep', async () => {
    const { code, json } = await runCommand(['eval', model, '--dataset', 'block-model', '--json']);
    expect(code).toBe(0);
    const result = json() as { accuracy: number; steps: { accuracy: number }[] };
    expect(result).toMatchObject({ samples: 240, timesteps: 3 });
    expect(result.steps).toHaveLength(3);
    expect(result.steps.at(-1)!.accuracy).toBe(result.accuracy);
    expect(result.accuracy).toBeGreaterThan(0.4);
  });

  test('runs for fewer timesteps, and for no more than it was made for', async () => {
    const given = ['eval', model, '--dataset', 'block-model', '--json', '--timesteps'];
    const shorter = await runCommand([...given, '2']);
    expect(shorter.json()).toMatchObject({ timesteps: 2 });
    const longer = await runCommand([...given, '4']);
    expect(longer.json()).toMatchObject({ error: { code: 'invalid-timesteps' } });
  });

  test('stops node by node, by thresholds from the validation part', async () => {
    const stopping = join(folder, 'stopping.safetensors');
    const { code, json } = await runCommand([
      ...['cutoff', model, '--calibrate', 'block-model', '--evaluate', 'block-model'],
      ...['--policy', 'top-k', '--epsilon', '0,0.5', '--save', 'top-k@0.5', '--out', stopping],
      '--json',
    ]);
    expect(code).toBe(0);
    const { rows, samples } = json() as { rows: { meanTimestep: number }[]; samples: number };
    expect(samples).toBe(240);
    const [careful, bold] = rows.map(({ meanTimestep }) => meanTimestep);
    expect(bold).toBeLessThan(careful!);
    expect(bold).toBeGreaterThanOrEqual(1);
    const { metadata } = await readModelFile(stopping, registry);
    expect(metadata['cutoff']).toHaveProperty('settings');
  });
});

test('a classifier of graphs learns from a folder of a TU collection', async () => {
  const data = join(folder, 'SHAPES');
  writeShapes(data, 40);
  const given = { ...config, dataset: { graph: data }, batch: 20, epochs: 20, every: 2 };
  const path = writeConfig(given, 'graphs.json');
  const trained = join(folder, 'graphs');
  const { code, json } = await runCommand(['train', path, '--out', trained, '--json']);
  expect(code).toBe(0);
  expect(json()).toMatchObject({ dataset: 'SHAPES' });
  const measured = await runCommand([
    ...['eval', join(trained, 'model.safetensors'), '--dataset', data, '--json'],
  ]);
  expect(measured.json()).toMatchObject({ samples: 4, timesteps: 3 });
});

test('a graph in a file is found without its ending, and gets a split if it has none', async () => {
  const file = join(folder, 'pairs');
  writeFileSync(`${file}.safetensors`, pairsFile(120));
  const network = { architecture: 'gcn', width: 8 };
  const path = writeConfig({ model: network, dataset: { graph: file }, epochs: 20 }, 'pairs.json');
  const { code, json } = await runCommand(['train', path, '--out', join(folder, 'p'), '--json']);
  expect(code).toBe(0);
  expect(json()).toMatchObject({ dataset: 'pairs' });
  expect(json()['accuracy']).toBeGreaterThan(0.75);
});

test.each(['gcn', 'gat', 'graph-transformer'])('%s answers at once', async (architecture) => {
  const given = { model: { architecture }, dataset: { graph: 'karate-club' }, epochs: 5 };
  const trained = join(folder, architecture);
  const path = writeConfig(given, `${architecture}.json`);
  expect((await runCommand(['train', path, '--out', trained, '--json'])).code).toBe(0);
  const { json } = await runCommand([
    ...['eval', join(trained, 'model.safetensors'), '--dataset', 'karate-club', '--json'],
  ]);
  expect(json()).toMatchObject({ timesteps: 1, steps: [{ timestep: 1 }] });
});

describe('is refused', () => {
  const empty = join(folder, 'empty');
  mkdirSync(empty);
  const trainError = async (given: object, ...flags: string[]) => {
    const path = writeConfig(given, 'wrong.json');
    const result = await runCommand([
      ...['train', path, '--out', join(folder, 'wrong'), '--json', ...flags],
    ]);
    return result.json()['error'];
  };

  test.each([
    ['a graph that is not there', { dataset: { graph: 'nowhere' } }, 'not-found'],
    ['a folder without a graph', { dataset: { graph: empty } }, 'unsupported'],
    [
      'a split that is not there',
      { dataset: { graph: 'block-model', split: 2 } },
      'invalid-argument',
    ],
    ['an unknown field', { optimiser: 'sgd' }, 'invalid-argument'],
    ['an unknown architecture', { model: { architecture: 'vit' } }, 'invalid-argument'],
    [
      'a setting the architecture does not have',
      { model: { architecture: 'gcn', tau: 2 } },
      'invalid-argument',
    ],
  ])('%s', async (_, change, code) => {
    expect(await trainError({ ...config, ...change })).toMatchObject({ code });
  });

  test('going on from a checkpoint, of which there is none', async () => {
    expect(await trainError(config, '--resume')).toMatchObject({ code: 'unsupported' });
  });

  test('a cutoff on a graph without a validation part', async () => {
    const { json } = await runCommand([
      ...['cutoff', model, '--calibrate', 'karate-club', '--evaluate', 'karate-club', '--json'],
    ]);
    expect(json()).toMatchObject({ error: { code: 'empty-batch' } });
  });
});

/** Nodes of two classes in pairs of one class, with features that tell it. */
function pairsFile(nodes: number): Uint8Array {
  const random = createRandom(3);
  const all = Array.from({ length: nodes }, (_, node) => node);
  const labels = all.map((node) => (node >> 1) % 2);
  const ends = [...all.filter((node) => node % 2 === 0), ...all.filter((node) => node % 2 === 1)];
  const tensors: Record<string, Tensor> = {
    edge_index: tensor(ends, [2, nodes / 2], 'int32'),
    labels: tensor(labels, [nodes], 'int32'),
    x: tensor(
      labels.flatMap((label) => [label + 0.3 * random.normal(), 1]),
      [nodes, 2],
    ),
  };
  const stored = Object.entries(tensors).map(([name, one]) => [name, fromTensor(one)] as const);
  return writeSafetensors({ tensors: new Map(stored), metadata: new Map() });
}

/** Rings and stars, half of each, in the files of a TU collection. */
function writeShapes(path: string, count: number): void {
  mkdirSync(path);
  const [edges, indicator, labels]: [string[], number[], number[]] = [[], [], []];
  for (let graph = 0; graph < count; graph++) {
    const first = indicator.length + 1;
    const nodes = 5 + (graph % 3);
    for (let node = 0; node < nodes; node++) {
      const other = graph % 2 === 0 ? (node + 1) % nodes : 0;
      edges.push(`${first + node}, ${first + other}`, `${first + other}, ${first + node}`);
      indicator.push(graph + 1);
    }
    labels.push(graph % 2);
  }
  const write = (part: string, lines: readonly unknown[]): void =>
    writeFileSync(join(path, `SHAPES_${part}.txt`), `${lines.join('\n')}\n`);
  write('A', edges);
  write('graph_indicator', indicator);
  write('graph_labels', labels);
}
