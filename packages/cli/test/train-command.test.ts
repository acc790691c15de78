import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineTrainingConfig, type TrainingConfigInput } from '@spikeloom/cli';
import { saveModel } from '@spikeloom/checkpoint';
import { convNet } from '@spikeloom/models';
import { loadTrainingState } from '@spikeloom/training/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CommandResult, runCommand } from './run-command.ts';

const folder = mkdtempSync(join(tmpdir(), 'spikeloom-train-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Six steps an epoch of a small spiking network on images that come with the packages. */
const small = defineTrainingConfig({
  model: { architecture: 'conv-net', activation: 'lif', channels: [2, 3], hidden: 8 },
  dataset: { name: 'fashion-mnist-sample', limit: 60 },
  validation: { limit: 40, keepBest: true },
  timesteps: 2,
  batch: 10,
  epochs: 2,
  schedule: { kind: 'cosine', rate: 0.1, warmUp: 1 },
  loss: 'tet',
  regularisers: [{ kind: 'rcs', weight: 0.002 }],
  augmentation: [{ kind: 'random-crop', padding: 2 }, 'horizontal-flip'],
  checkpointSteps: 1,
  logSteps: 2,
});

let files = 0;
function file(content: string, extension = 'json'): string {
  files += 1;
  const path = join(folder, `config-${files}.${extension}`);
  writeFileSync(path, content);
  return path;
}
const configFile = (changes: object = {}): string => file(JSON.stringify({ ...small, ...changes }));

let runs = 0;
function newFolder(): string {
  runs += 1;
  return join(folder, `run-${runs}`);
}

/** What a training left: the names of its files and digests of their content. */
function filesOf(out: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(out)
      .toSorted()
      .map((name) => [
        name,
        createHash('sha256')
          .update(readFileSync(join(out, name)))
          .digest('hex'),
      ]),
  );
}

const errorOf = ({ code, json }: CommandResult) => {
  const { code: error, message } = json()['error'] as { code: string; message: string };
  return { exit: code, error, message };
};

/** A training that nothing interrupted. */
const whole = newFolder();
const wholeConfig = configFile();
let wholeResult: CommandResult;
beforeAll(async () => {
  wholeResult = await runCommand(['train', wholeConfig, '--out', whole, '--json']);
});

describe('train', () => {
  test('leaves model, checkpoint, metrics and configuration, and says how it went', async () => {
    const { code, stderr, stdout, json } = wholeResult;
    expect({ code, stderr, lines: stdout.trimEnd().split('\n').length }).toEqual({
      ...{ code: 0, stderr: '', lines: 1 },
    });
    expect(Object.keys(json())).toEqual([
      ...['model', 'epochs', 'accuracy', 'loss', 'firingRate', 'seconds'],
    ]);
    expect(json()).toMatchObject({ model: join(whole, 'model.safetensors'), epochs: 2 });
    expect(Object.keys(filesOf(whole))).toEqual([
      ...['config.json', 'metrics.jsonl', 'model.safetensors', 'state.safetensors'],
    ]);
    const lines = readFileSync(join(whole, 'metrics.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { epoch: number; step?: number });
    expect(lines.map(({ epoch, step }) => [epoch, step])).toEqual([
      ...[0, 1].flatMap((epoch) => [
        ...[2, 4, 6].map((step) => [epoch, step]),
        [epoch + 1, undefined],
      ]),
    ]);
    expect(JSON.parse(readFileSync(join(whole, 'config.json'), 'utf8'))).toMatchObject({
      optimiser: { kind: 'sgd', momentum: 0.9, weightDecay: 0 },
      loss: { kind: 'tet', weight: 0.001, mean: 1 },
      seed: 0,
    });
  });

  test('writes a model that other commands read, with the accuracy it printed', async () => {
    const { accuracy, model } = wholeResult.json();
    const args = ['eval', String(model), '--dataset', 'fashion-mnist-sample', '--count', '40'];
    const { code, json } = await runCommand([...args, '--timesteps', '2', '--json']);
    expect({ code, accuracy: json()['accuracy'] }).toEqual({ code: 0, accuracy });
  });

  test('prints a line for every epoch for people', async () => {
    const out = newFolder();
    const { code, stdout, stderr } = await runCommand(['train', configFile(), '--out', out]);
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^epoch 1: loss \d\.\d+, accuracy [\d.]+ %, firing rate 0\.\d+, validation [\d.]+ %, \d+ images\/s\nepoch 2: /,
    );
    expect(stdout).toMatch(
      /^2 epochs in [\d.]+ s; accuracy [\d.]+ % after epoch [12]\nwritten to /,
    );
  });

  test('converts what it has trained, if that is wanted', async () => {
    const out = newFolder();
    const config = configFile({
      model: {
        architecture: 'conv-net',
        activation: { kind: 'qcfs', levels: 4 },
        ...{ channels: [2], hidden: 8 },
      },
      timesteps: 1,
      regularisers: [{ kind: 'rcs-activation', weight: 0.001 }],
      convert: { kind: 'qcfs', timesteps: 4 },
    });
    const { json } = await runCommand(['train', config, '--out', out, '--json']);
    const model = join(out, 'spiking.safetensors');
    const { accuracy } = json()['spiking'] as { accuracy: number };
    expect(json()['spiking']).toEqual({ model, timesteps: 4, accuracy });
    const args = ['eval', model, '--dataset', 'fashion-mnist-sample', '--count', '40'];
    const evaluated = (await runCommand([...args, '--timesteps', '4', '--json'])).json();
    expect(evaluated['accuracy']).toBe(accuracy);
    expect((evaluated['steps'] as { firingRate: number }[])[3]!.firingRate).toBeGreaterThan(0);
  });
});

describe('a configuration in TypeScript', () => {
  test('may use other files, and trains as the same in JSON does', async () => {
    writeFileSync(
      join(folder, 'shared.ts'),
      `export const settings: object = ${JSON.stringify(small)};`,
    );
    const out = newFolder();
    const config = file(
      `import { settings } from './shared.ts';
      const epochs: number = await Promise.resolve(2);
      export default { ...settings, epochs } satisfies object;`,
      'ts',
    );
    expect((await runCommand(['train', config, '--out', out, '--json'])).code).toBe(0);
    expect(filesOf(out)).toEqual(filesOf(whole));
  });

  test('may bring a graph', async () => {
    const model = file(
      `export { graph } from ${JSON.stringify(new URL('./graph.mjs', `file://${folder}/`).href)};`,
      'mjs',
    );
    // A graph is plain data; its weights are a map.
    const { weights, ...rest } = convNet({ channels: [2], hidden: 8, seed: 3 });
    const entries = [...weights].map(([name, { shape, dtype, data }]) => [
      name,
      { shape, dtype, data: [...data] },
    ]);
    writeFileSync(
      join(folder, 'graph.mjs'),
      `const entries = ${JSON.stringify(entries)};
      const weights = new Map(entries.map(([name, w]) => [name, { ...w, data: Float32Array.from(w.data) }]));
      export const graph = { ...${JSON.stringify(rest)}, weights };`,
    );
    const config = file(
      `import { graph } from ${JSON.stringify(model)};
      export default { ...${JSON.stringify({ ...small, regularisers: [] })}, model: graph, timesteps: 1 };`,
      'mjs',
    );
    const out = newFolder();
    expect((await runCommand(['train', config, '--out', out, '--json'])).code).toBe(0);
    expect(JSON.parse(readFileSync(join(out, 'config.json'), 'utf8'))).toMatchObject({
      model: { graph: 'conv-net' },
    });
  });

  test('is refused when it cannot be read or exports nothing', async () => {
    const run = async (content: string) =>
      errorOf(await runCommand(['train', file(content, 'ts'), '--out', newFolder(), '--json']));
    expect(await run('export default {')).toMatchObject({ exit: 1, error: 'corrupt-file' });
    expect(await run('throw new Error("no");')).toMatchObject({ exit: 1, error: 'corrupt-file' });
    expect(await run('export const config = {};')).toMatchObject({
      ...{ exit: 1, error: 'invalid-argument' },
      message: expect.stringContaining('export default defineTrainingConfig'),
    });
  });
});

describe('a training that was stopped goes on with --resume', () => {
  // Long enough that it is still going on when it is stopped.
  const long = { epochs: 12 };
  const middle = { epoch: 1, step: 2 };
  const uninterrupted = async () => {
    const out = newFolder();
    const { json } = await runCommand(['train', configFile(long), '--out', out, '--json']);
    const { seconds: _seconds, model: _model, ...result } = json();
    return { result, left: filesOf(out) };
  };

  test('after Ctrl-C, and ends as if nothing had happened', async () => {
    const out = newFolder();
    const args = ['train', configFile(long), '--out', out];
    const stopped = await runCommand([...args, '--json'], () => {
      void interruptAt(out, middle);
    });
    expect(errorOf(stopped)).toMatchObject({ exit: 130, error: 'aborted' });
    expect(existsSync(join(out, 'model.safetensors'))).toBe(false);
    expect((await runCommand([...args, '--resume'])).code).toBe(0);
    expect(filesOf(out)).toEqual((await uninterrupted()).left);
  });

  test('after SIGKILL, and ends with the same bits', async () => {
    const out = newFolder();
    const args = ['train', configFile(long), '--out', out, '--json'];
    const child = spawnCommand(args);
    const ended = new Promise((resolve) => {
      child.once('exit', (_code, signal) => resolve(signal));
    });
    await reached(out, middle, child);
    child.kill('SIGKILL');
    expect(await ended).toBe('SIGKILL');
    expect((await loadTrainingState(join(out, 'state.safetensors'))).epoch).toBeLessThan(12);
    const { code, json } = await runCommand([...args, '--resume']);
    const { result, left } = await uninterrupted();
    expect({ code, result: json() }).toMatchObject({ code: 0, result });
    // A temporary file may be left where the process was killed while it wrote.
    const kept = Object.entries(filesOf(out)).filter(([name]) => !name.endsWith('.tmp'));
    expect(Object.fromEntries(kept)).toEqual(left);
  });

  test('for more epochs than there were', async () => {
    const out = newFolder();
    const flat = { schedule: { kind: 'constant', rate: 0.05 } };
    const args = (epochs: number): string[] => ['train', configFile({ ...flat, epochs }), '--json'];
    await runCommand([...args(1), '--out', out]);
    const longer = await runCommand([...args(2), '--out', out, '--resume']);
    expect(longer.json()).toMatchObject({ epochs: 2 });
    const atOnce = newFolder();
    await runCommand([...args(2), '--out', atOnce]);
    expect(filesOf(out)).toEqual(filesOf(atOnce));
  });

  test('from the beginning, where there is no checkpoint yet', async () => {
    const out = newFolder();
    const { code, stderr } = await runCommand(['train', configFile(), '--out', out, '--resume']);
    expect(code).toBe(0);
    expect(stderr).toContain('note: there is no checkpoint yet');
    expect(filesOf(out)).toEqual(filesOf(whole));
  });

  test('only in its own folder and with its own configuration', async () => {
    const before = filesOf(whole);
    const again = await runCommand(['train', wholeConfig, '--out', whole, '--json']);
    expect(errorOf(again)).toMatchObject({
      ...{ exit: 1, error: 'invalid-argument' },
      message: expect.stringContaining('--resume'),
    });
    const other = configFile({ seed: 5 });
    const changed = await runCommand(['train', other, '--out', whole, '--resume', '--json']);
    expect(errorOf(changed)).toMatchObject({
      ...{ exit: 1, error: 'checkpoint-mismatch' },
      message: expect.stringContaining('config.json: seed'),
    });
    expect(filesOf(whole)).toEqual(before);
  });

  test('not from a checkpoint that is damaged', async () => {
    const out = newFolder();
    await runCommand(['train', configFile({ epochs: 1 }), '--out', out]);
    const state = join(out, 'state.safetensors');
    writeFileSync(state, readFileSync(state).subarray(0, 5000));
    const run = async () =>
      errorOf(await runCommand(['train', configFile(), '--out', out, '--resume', '--json']));
    expect(await run()).toMatchObject({ exit: 1, error: 'corrupt-file' });
    writeFileSync(state, saveModel(convNet({ seed: 1 })));
    expect(await run()).toMatchObject({ exit: 1, error: 'corrupt-file' });
  });
});

describe('bad input ends in an error with a code', () => {
  const broken: readonly (readonly [claim: string, changes: object, path: string])[] = [
    ['an unknown field', { epoch: 3 }, 'config.epoch'],
    ['a missing field', { schedule: undefined }, 'config.schedule'],
    ['no epochs', { epochs: 0 }, 'config.epochs'],
    ['an unknown schedule', { schedule: { kind: 'sine' } }, 'config.schedule.kind'],
    ['a rate as text', { schedule: { kind: 'constant', rate: '1' } }, 'config.schedule.rate'],
    ['a loss nobody knows', { loss: 'hinge' }, 'config.loss.kind'],
    ['a setting of another loss', { loss: { kind: 'mean', weight: 1 } }, 'config.loss.weight'],
    [
      'a regulariser without weight',
      { regularisers: [{ kind: 'rcs' }] },
      'config.regularisers.0.weight',
    ],
    [
      'half a pixel',
      { augmentation: [{ kind: 'cutout', size: 0.5 }] },
      'config.augmentation.0.size',
    ],
    ['a split that is none', { dataset: { name: 'x', split: 'dev' } }, 'config.dataset.split'],
    ['no model', { model: 'conv-net' }, 'config.model'],
    [
      'an architecture nobody knows',
      { model: { architecture: 'lenet' } },
      'config.model.architecture',
    ],
    ['a depth that is none', { model: { architecture: 'vgg', depth: 12 } }, 'config.model.depth'],
    [
      'a setting of another network',
      { model: { architecture: 'conv-net', depth: 3 } },
      'config.model.depth',
    ],
    [
      'an activation nobody knows',
      { model: { architecture: 'conv-net', activation: 'gelu' } },
      'config.model.activation.kind',
    ],
    [
      'a level that is text',
      { model: { architecture: 'conv-net', activation: { kind: 'qcfs', levels: '4' } } },
      'config.model.activation.levels',
    ],
  ];
  test.each(broken)('%s', async (_, changes, path) => {
    const out = newFolder();
    const result = await runCommand(['train', configFile(changes), '--out', out, '--json']);
    expect(errorOf(result)).toMatchObject({ exit: 1, error: 'invalid-argument' });
    const [problem] = (result.json()['error'] as { problems: { path: string }[] }).problems;
    expect(problem!.path).toMatch(new RegExp(`(^|: )${path}$`));
    expect(existsSync(out)).toBe(false);
  });

  const bad: readonly (readonly [claim: string, args: readonly string[], code: string])[] = [
    ['a configuration that does not exist', [join(folder, 'none.json')], 'not-found'],
    ['a configuration that is not JSON', [file('{ "model": ')], 'corrupt-file'],
    ['data that do not exist', [configFile({ dataset: join(folder, 'none') })], 'not-found'],
    [
      'images of another shape',
      [configFile({ model: { architecture: 'conv-net', image: [1, 8, 8] } })],
      'shape-mismatch',
    ],
    [
      'fewer classes than labels',
      [configFile({ model: { architecture: 'conv-net', classes: 2, labels: ['a', 'b'] } })],
      'invalid-argument',
    ],
    [
      'an attribute that the neuron does not have',
      [configFile({ model: { architecture: 'conv-net', activation: { kind: 'lif', tua: 2 } } })],
      'invalid-attribute',
    ],
    [
      'an empty part of the data',
      [configFile({ dataset: { name: 'fashion-mnist-sample', start: 5000 } })],
      'empty-batch',
    ],
    [
      'a regulariser of spikes for a network without',
      [configFile({ model: { architecture: 'conv-net', activation: 'relu' } })],
      'invalid-argument',
    ],
    [
      'a conversion of a network that has nothing to convert',
      [configFile({ epochs: 1, convert: { kind: 'qcfs', timesteps: 2 } })],
      'cannot-convert',
    ],
  ];
  test.each(bad)('%s', async (_, args, error) => {
    const result = await runCommand(['train', ...args, '--out', newFolder(), '--json']);
    expect(errorOf(result)).toMatchObject({ exit: 1, error });
  });

  test('a folder that cannot be made', async () => {
    const out = join(file('not a folder'), 'run');
    const result = await runCommand(['train', configFile(), '--out', out, '--json']);
    expect(errorOf(result)).toMatchObject({ exit: 1, error: 'write-failed' });
  });

  test.skipIf(process.platform === 'win32')(
    'a folder that became read-only keeps its checkpoint (a folder of Windows cannot be made read-only)',
    async () => {
      const out = newFolder();
      const configs = [configFile({ epochs: 1 }), configFile({ epochs: 2 })];
      const run = (epochs: number) =>
        runCommand(['train', configs[epochs - 1]!, '--out', out, '--resume', '--json']);
      await run(1);
      const before = filesOf(out);
      chmodSync(out, 0o555);
      // To the superuser no folder is read-only.
      const isSuperuser = process.geteuid!() === 0;
      chmodSync(folder, 0o755);
      if (isSuperuser) process.seteuid!(65534);
      try {
        expect(errorOf(await run(2))).toMatchObject({ exit: 1, error: 'write-failed' });
      } finally {
        if (isSuperuser) process.seteuid!(0);
        chmodSync(out, 0o755);
      }
      expect(filesOf(out)).toEqual(before);
      expect((await run(2)).json()).toMatchObject({ epochs: 2 });
    },
  );

  test('wrong usage', async () => {
    expect((await runCommand(['train', configFile()])).code).toBe(2);
  });
});

test('a configuration has a type', () => {
  const config: TrainingConfigInput = defineTrainingConfig({
    ...small,
    model: { architecture: 'vgg', depth: 16, activation: { kind: 'qcfs', levels: 8 } },
    dataset: 'fashion-mnist',
  });
  // @ts-expect-error there is no such loss
  const wrong: TrainingConfigInput = { ...config, loss: 'hinge' };
  // @ts-expect-error there is no such activation
  const model: TrainingConfigInput['model'] = { architecture: 'conv-net', activation: 'gelu' };
  expect([wrong, model]).toHaveLength(2);
});

interface Position {
  readonly epoch: number;
  readonly step: number;
}

/** Waits until the checkpoint in a folder is at some step. */
async function reached(
  out: string,
  { epoch, step }: Position,
  child?: ChildProcess,
): Promise<void> {
  const isThere = async (): Promise<boolean> => {
    const state = await loadTrainingState(join(out, 'state.safetensors')).catch(() => undefined);
    return (
      state !== undefined && (state.epoch > epoch || (state.epoch === epoch && state.step >= step))
    );
  };
  const watcher = watch(folder, { recursive: true });
  try {
    await new Promise<void>((resolve, reject) => {
      child?.once('exit', (code) => reject(new Error(`ended with ${code}`)));
      watcher.on('change', () => {
        void resolveIf(isThere, resolve);
      });
    });
  } finally {
    watcher.close();
  }
}

async function interruptAt(out: string, position: Position): Promise<void> {
  await reached(out, position);
  process.emit('SIGINT');
}

async function resolveIf(condition: () => Promise<boolean>, resolve: () => void): Promise<void> {
  if (await condition()) resolve();
}

function spawnCommand(args: readonly string[]): ChildProcess {
  const program = process.env['TEST_DIST']
    ? new URL('../bin/spikeloom.js', import.meta.url)
    : new URL('./run-from-source.mjs', import.meta.url);
  return spawn(process.execPath, [fileURLToPath(program), ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}
