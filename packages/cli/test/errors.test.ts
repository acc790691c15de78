import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  fromTensor,
  loadModel,
  readSafetensors,
  saveModel,
  writeSafetensors,
} from '@spikeloom/checkpoint';
import { createRegistry, type Graph, tensor } from '@spikeloom/ir';
import { vit } from '@spikeloom/models';
import { afterAll, describe, expect, test } from 'vitest';
import { runCommand } from './run-command.ts';
import { randomWeights, smallVit, writeSmallVit } from './small-vit.ts';

const folder = mkdtempSync(join(tmpdir(), 'spikeloom-errors-'));
const { checkpoint, config } = writeSmallVit(folder);
const trained: Graph = { ...vit(smallVit), weights: randomWeights() };
const good = file('good.safetensors', saveModel(trained));
const evaluate = (model: string, ...more: string[]) => [
  'eval',
  model,
  '--dataset',
  'fashion-mnist-sample',
  '--count',
  '10',
  ...more,
];
const convert = (weights: string, settings = config, out = join(folder, 'out.safetensors')) => [
  ...['convert', weights, '--arch', 'vit', '--config', settings],
  ...['--calibrate', 'fashion-mnist-sample', '--count', '20', '--batch', '20', '--out', out],
];

afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** The bytes of a model whose graph JSON was changed. */
function edited(change: (json: string) => string): Uint8Array {
  const { tensors, metadata } = readSafetensors(saveModel(trained));
  const graph = change(metadata.get('spikeloom.graph')!);
  return writeSafetensors({
    tensors,
    metadata: new Map([...metadata, ['spikeloom.graph', graph]]),
  });
}

const withWeight = (name: string, replacement: ReturnType<typeof tensor> | undefined): string => {
  const tensors = new Map([...randomWeights()].map(([key, weight]) => [key, fromTensor(weight)]));
  if (replacement) tensors.set(name, fromTensor(replacement));
  else tensors.delete(name);
  return file(
    `weights-${tensors.size}-${replacement?.shape.join('x') ?? 'none'}.safetensors`,
    writeSafetensors({ tensors, metadata: new Map() }),
  );
};

const table: readonly (readonly [claim: string, args: readonly string[], code: string])[] = [
  ['a model file that does not exist', evaluate(join(folder, 'nothing.safetensors')), 'not-found'],
  [
    'a truncated file',
    evaluate(file('cut.safetensors', readFileSync(good).subarray(0, 4000))),
    'corrupt-file',
  ],
  [
    'a file with bytes too many',
    evaluate(file('long.safetensors', Buffer.concat([readFileSync(good), Buffer.of(1)]))),
    'corrupt-file',
  ],
  ['a plain checkpoint in place of a model', evaluate(checkpoint), 'corrupt-file'],
  [
    'an unknown operator',
    evaluate(
      file(
        'unknown.safetensors',
        edited((json) => json.replace('spikeloom/gelu', 'acme/gelu')),
      ),
    ),
    'unknown-operator',
  ],
  [
    'a newer IR',
    evaluate(
      file(
        'newer.safetensors',
        edited((json) => json.replace('"irVersion":1', '"irVersion":2')),
      ),
    ),
    'newer-ir-version',
  ],
  [
    'a cycle without a state',
    evaluate(
      file(
        'cycle.safetensors',
        edited((json) =>
          json.replace(
            '"a":"embedded","b":"blocks.0.attn.proj"',
            '"a":"blocks.0.residual2","b":"blocks.0.attn.proj"',
          ),
        ),
      ),
    ),
    'cycle',
  ],
  ['zero timesteps', evaluate(good, '--timesteps', '0'), 'invalid-timesteps'],
  [
    'a data set that does not exist',
    ['eval', good, '--dataset', join(folder, 'no-data')],
    'not-found',
  ],
  [
    'images of another shape',
    ['eval', good, '--dataset', file('cifar.bin', new Uint8Array(3073))],
    'shape-mismatch',
  ],
  ['a missing tensor', convert(withWeight('head.bias', undefined)), 'checkpoint-mismatch'],
  [
    'a misshaped tensor',
    convert(withWeight('head.bias', tensor([1, 2, 3]))),
    'checkpoint-mismatch',
  ],
  [
    'NaN in the weights',
    convert(withWeight('head.bias', tensor(new Float32Array(6).fill(NaN)))),
    'not-a-number',
  ],
  [
    'a configuration that is not JSON',
    convert(checkpoint, file('broken.json', '{ "image": [')),
    'corrupt-file',
  ],
  [
    'a configuration with an unknown field',
    convert(checkpoint, file('typo.json', JSON.stringify({ ...smallVit, hedas: 2 }))),
    'invalid-argument',
  ],
  [
    'a configuration that contradicts itself',
    convert(checkpoint, file('heads.json', JSON.stringify({ ...smallVit, heads: 5 }))),
    'invalid-argument',
  ],
  [
    'an output folder that does not exist',
    convert(checkpoint, config, join(folder, 'no', 'folder.safetensors')),
    'write-failed',
  ],
];

describe('bad input ends in an error with a code', () => {
  for (const [claim, args, code] of table) {
    test(claim, async () => {
      const result = await runCommand([...args, '--json']);
      expect({
        exit: result.code,
        error: (result.json()['error'] as { code: string }).code,
      }).toEqual({ exit: 1, error: code });
      expect(result.stderr).toContain(`[${code}]`);
    });
  }
});

test('a failed write leaves what was there, and nothing beside it', async () => {
  const before = readdirSync(folder).sort();
  await runCommand(convert(checkpoint, config, join(folder, 'no', 'folder.safetensors')));
  expect(readdirSync(folder).sort()).toEqual(before);
});

test('wrong usage ends with exit code 2, help with 0', async () => {
  expect((await runCommand(['convrt'])).code).toBe(2);
  expect((await runCommand(['eval', good])).code).toBe(2);
  expect((await runCommand(['eval', good, '--dataset', 'x', '--batch', 'none'])).code).toBe(2);
  const help = await runCommand(['convert', '--help']);
  expect(help.code).toBe(0);
  expect(help.stdout).toContain('Examples:');
});

test('a cancelled run ends with exit code 130', async () => {
  const { code } = await runCommand(evaluate(good, '--timesteps', '4'), () =>
    process.emit('SIGINT'),
  );
  expect(code).toBe(130);
});

test('a model survives saving and loading exactly', () => {
  const bytes = saveModel(trained);
  expect(Buffer.from(saveModel(loadModel(bytes, createRegistry([])))).equals(bytes)).toBe(true);
});
