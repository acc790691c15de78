import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stochasticBlockModel } from '@spikeloom/datasets';
import { createRandom, type Tensor, tensor } from '@spikeloom/ir';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { verdictOn } from '../src/repro/sghormer/notes.ts';
import { paretoFront, type SghormerRow } from '../src/repro/sghormer/result.ts';
import { accuracyOf, rocAreaOf } from '../src/repro/sghormer/scores.ts';
import { safetensorsOf } from './fashion-checkpoint.ts';
import { runCommand } from './run-command.ts';

const folder = mkdtempSync(join(tmpdir(), 'spikeloom-sghormer-'));
beforeAll(() => vi.stubEnv('SPIKELOOM_GRAPHS', undefined));
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const repro = (...args: readonly string[]) => runCommand(['repro', 'sghormer', '--quick', ...args]);

describe('on bundled graphs', () => {
  const out = join(folder, 'bundled');
  const small = ['--only', 'block-model', '--models', 'sghormer,gcn', '--out', out];

  test('trains, judges and compares; the last line is for programs', async () => {
    const { code, stdout, stderr, json } = await repro(...small, '--json');
    expect({ code, stderr, lines: stdout.trimEnd().split('\n').length }).toEqual({
      code: 0,
      stderr: '',
      lines: 1,
    });
    const { rows, exits } = json() as {
      rows: SghormerRow[];
      exits: { points: { meanTimestep: number; histogram: number[] }[] }[];
    };
    expect(rows.map(({ graph, model, seeds }) => [graph, model, seeds])).toEqual([
      ['block-model', 'sghormer', 1],
      ['block-model', 'gcn', 1],
    ]);
    const [spiking, gcn] = rows as [SghormerRow, SghormerRow];
    // A quarter would be chance.
    for (const { accuracy } of rows) expect(accuracy).toBeGreaterThan(0.5);
    expect(spiking.firingRate).toSatisfy((rate: number) => rate > 0.01 && rate < 0.9);
    expect(gcn).toMatchObject({ firingRate: null, ratioGcn: 1 });
    // Two layers of 32 and 4 outputs, on 8 features, with biases.
    expect(gcn.parameters).toBe(8 * 32 + 32 + 32 * 4 + 4);
    const { ratioSoftmax, ratioDenseLinear, ratioGcn, ratiosLean, energy } = spiking;
    expect(ratioGcn).toBeCloseTo(gcn.energy.full / energy.full, 9);
    expect(ratiosLean.gcn).toBeCloseTo(gcn.energy.lean / energy.lean, 9);
    expect(ratioSoftmax).toBeGreaterThan(ratioDenseLinear);
    expect(exits).toHaveLength(1);
    for (const { meanTimestep, histogram } of exits[0]!.points) {
      const stopped = histogram.reduce((sum, count) => sum + count, 0);
      const steps = histogram.reduce((sum, count, step) => sum + count * (step + 1), 0);
      expect(meanTimestep).toBeCloseTo(steps / stopped, 9);
      // All but ten and thirty nodes of four communities of a hundred.
      expect(stopped).toBe(240);
    }
  });

  test('does nothing twice, and shows tables and a report to people', async () => {
    const kept = join(out, 'quick');
    const names = readdirSync(kept).filter((name) => name.endsWith('.json'));
    expect(names).toHaveLength(2);
    const path = join(
      kept,
      names.find((name) => name.includes('gcn'))!,
    );
    const stored = JSON.parse(readFileSync(path, 'utf8')) as { result: { testAccuracy: number } };
    // A mark that 240 nodes could not make.
    stored.result.testAccuracy = 0.1237;
    writeFileSync(path, JSON.stringify(stored));
    const { code, stdout } = await repro(...small);
    expect(code).toBe(0);
    expect(stdout).toMatch(/GCN +│ +12\.4 %/);
    expect(stdout).toMatch(/400 nodes[\s\S]*How many times more energy[\s\S]*Top-K cutoff/);
    const html = readFileSync(join(out, 'report.html'), 'utf8');
    expect(html.match(/<svg/g)!.length).toBeGreaterThanOrEqual(5);
    expect(html).not.toMatch(/(src|href)="?https?:|<script|NaN/);
  });

  test('goes on after it was stopped', async () => {
    const again = join(folder, 'again');
    const args = ['--only', 'karate-club', '--models', 'gcn,gat', '--out', again] as const;
    const stopped = await runCommand(['repro', 'sghormer', '--quick', ...args], () =>
      setTimeout(() => process.emit('SIGINT'), 1),
    );
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toContain('the same command goes on');
    expect((await repro(...args)).code).toBe(0);
  });
});

describe('on a folder of graphs', () => {
  const graphs = join(folder, 'graphs');
  beforeAll(() => {
    mkdirSync(join(graphs, 'tu/MUTAG/10fold_idx'), { recursive: true });
    writeFileSync(join(graphs, 'cora.safetensors'), safetensorsOf(smallGraph()));
    writeFileSync(join(graphs, 'tu/MUTAG/MUTAG.txt'), ringsAndPaths(40));
    for (let fold = 1; fold <= 10; fold++) {
      const members = Array.from({ length: 4 }, (_, index) => 4 * (fold - 1) + index);
      writeFileSync(join(graphs, `tu/MUTAG/10fold_idx/test_idx-${fold}.txt`), members.join('\n'));
    }
  });
  const out = join(folder, 'files');

  test('classifies nodes and whole graphs', async () => {
    const args = ['--models', 'sghormer,gcn', '--seeds', '2', '--out', out];
    const { code, stderr, json } = await repro('--graphs', graphs, ...args, '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { rows } = json() as { rows: SghormerRow[] };
    expect(rows.map(({ graph, model, seeds }) => [graph, model, seeds])).toEqual(
      ['cora', 'mutag'].flatMap((graph) => ['sghormer', 'gcn'].map((model) => [graph, model, 2])),
    );
    for (const { rocArea, graph } of rows) expect(rocArea === null).toBe(graph === 'cora');
  });

  test.each([
    [['--graphs', join(folder, 'nowhere')], 'not-found', 'no such folder of graphs'],
    [['--graphs', folder], 'not-found', 'none of the graphs'],
    [['--graphs', graphs, '--only', 'proteins'], 'not-found', 'is not in'],
    [['--only', 'cora'], 'not-found', '--graphs <folder>'],
  ])('%j ends in %s', async (args, code, message) => {
    const result = await repro(...args, '--out', out);
    expect(result.code).toBe(1);
    expect(result.stderr).toContain(message);
    expect(result.stderr).toContain(`[${code}]`);
  });

  test('names a line of a fold that is no graph', async () => {
    const path = join(graphs, 'tu/MUTAG/10fold_idx/test_idx-3.txt');
    const before = readFileSync(path);
    writeFileSync(path, '1\n40\n');
    const { code, stderr } = await repro('--graphs', graphs, '--only', 'mutag', '--out', out);
    writeFileSync(path, before);
    expect(code).toBe(1);
    expect(stderr).toMatch(/test_idx-3\.txt: line 2 names no graph, expected 0 to 39, got 40/);
  });

  test('knows its networks', async () => {
    const { code, stderr } = await repro('--models', 'vgg');
    expect(code).toBe(2);
    expect(stderr).toContain('There is no "vgg"; there are sghormer, sghormer-paper');
  });
});

describe('scores', () => {
  const of = (margins: readonly number[], labels: readonly number[]) => ({
    logits: Float32Array.from(margins.flatMap((margin) => [0, margin])),
    labels: Int32Array.from(labels),
    classes: 2,
  });

  test('the ROC area is the share of pairs in the right order, ties half', () => {
    expect(rocAreaOf(of([-1, 0, 1, 2], [0, 0, 1, 1]))).toBe(1);
    expect(rocAreaOf(of([2, 1, 0, -1], [0, 0, 1, 1]))).toBe(0);
    expect(rocAreaOf(of([1, 1, 1, 2], [0, 1, 0, 1]))).toBe(0.75);
    expect(rocAreaOf(of([1, 2], [1, 1]))).toBeUndefined();
    expect(accuracyOf(of([-1, 1, 1, -2], [0, 0, 1, 1]))).toBe(0.5);
  });

  const row = (model: string, accuracy: number, full: number, firingRate: number | null) =>
    ({ model, title: model, accuracy, energy: { lean: full, full }, firingRate }) as SghormerRow;
  const rows = [
    row('sghormer', 0.8, 2, 0.2),
    row('graph-transformer', 0.81, 9, null),
    row('gcn', 0.82, 1, null),
  ];

  test('what is beaten in accuracy and energy is not on the front', () => {
    expect(paretoFront(rows, 'full').map(({ model }) => model)).toEqual(['gcn']);
    const dearer = rows.with(2, row('gcn', 0.82, 3, null));
    expect(paretoFront(dearer, 'full').map(({ model }) => model)).toEqual(['sghormer', 'gcn']);
  });

  test('a GCN that dominates is said to', () => {
    const verdict = verdictOn('Cora', rows);
    expect(verdict).toContain('1.0 points below the dense transformer');
    expect(verdict).toContain('The GCN dominates');
    const dearer = rows.with(2, row('gcn', 0.82, 3, null));
    expect(verdictOn('Cora', dearer)).not.toContain('dominates');
  });
});

/** Communities as a file of a graph, features in compressed rows. */
function smallGraph(): ReadonlyMap<string, Tensor> {
  const graph = stochasticBlockModel(
    { sizes: [20, 20, 20], within: 0.3, between: 0.02, separation: 3 },
    createRandom(4),
  );
  const { from, to } = graph.edges;
  const [split] = graph.splits;
  const mask = (members: Int32Array): Tensor =>
    tensor(
      Array.from({ length: 60 }, (_, node) => Number(members.includes(node))),
      [60],
      'int32',
    );
  const values = graph.features!.values;
  return new Map([
    ['edge_index', tensor([...from, ...to], [2, from.length], 'int32')],
    ['x', tensor(values, [60, 8])],
    ['labels', tensor(graph.labels!, [60], 'int32')],
    ['train_mask', mask(split!.train)],
    ['val_mask', mask(split!.validation)],
    ['test_mask', mask(split!.test)],
  ]);
}

/** Rings of odd and paths of even numbers, in the form of the neighbour lists. */
function ringsAndPaths(count: number): string {
  const graphs = Array.from({ length: count }, (_, index) => {
    const nodes = 5 + (index % 4);
    const lines = Array.from({ length: nodes }, (__, node) => {
      const isEnd = index % 2 === 0 && (node === 0 || node === nodes - 1);
      const ends = [node - 1, node + 1].filter((end) => !isEnd || (end >= 0 && end < nodes));
      return [ends.length, ends.length, ...ends.map((end) => (end + nodes) % nodes)].join(' ');
    });
    return [`${nodes} ${index % 2}`, ...lines].join('\n');
  });
  return `${count}\n${graphs.join('\n')}\n`;
}
