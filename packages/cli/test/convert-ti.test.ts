import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { attention } from '@spikeloom/attention';
import { wasmBackend } from '@spikeloom/backend-wasm';
import { readModelFile } from '@spikeloom/checkpoint/node';
import { createRegistry, foldBatchNorm, sizeOf, type Tensor, tensor } from '@spikeloom/ir';
import { spikingResformer } from '@spikeloom/models';
import { neurons } from '@spikeloom/neurons';
import { afterAll, describe, expect, test } from 'vitest';
import { openGolden } from '../../attention/test/golden.ts';
import { pytorchOf } from './fashion-checkpoint.ts';
import { runCommand } from './run-command.ts';

const folder = mkdtempSync(join(tmpdir(), 'spikeloom-ti-'));
afterAll(() => rmSync(folder, { recursive: true }));
const registry = createRegistry([attention, neurons]);

/** What PyTorch makes of these weights and this image; golden/spikingresformer_ti.py says how. */
const recorded = openGolden('spikingresformer_ti', new URL('golden/', import.meta.url));
/** A file that the same program wrote, 45 MB, which is too large to keep here. */
const written = process.env['SPIKELOOM_TI_CHECKPOINT'];

function hashed(count: number, salt: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, index) => {
    let x = Math.imul(index, 2654435761) + Math.imul(salt, 40503);
    x ^= x >>> 15;
    x = Math.imul(x, 2246822519);
    x ^= x >>> 13;
    x = Math.imul(x, 3266489917);
    return x ^ (x >>> 16);
  });
}

/** A weight by its name and place in the checkpoint. */
function weightOf(name: string, shape: readonly number[], salt: number): Tensor {
  const count = sizeOf(shape);
  const ternary = (): number[] => Array.from(hashed(count, salt), (value) => (value % 3) - 1);
  const filled = (value: number): number[] => Array.from({ length: count }, () => value);
  if (name.endsWith('running_var')) return tensor(filled(2 ** 20), shape);
  if (name.endsWith('running_mean'))
    return tensor(
      ternary().map((value) => value / 4),
      shape,
    );
  if (name.endsWith('bn.weight')) return tensor(filled(2 ** 10), shape);
  if (name.endsWith('bn.bias'))
    return tensor(
      ternary().map((value) => (value + 1) / 2),
      shape,
    );
  if (name.endsWith('firing_rate_x')) return tensor(filled(1 / 4), shape);
  if (name.endsWith('firing_rate_attn')) return tensor(filled(16 / 196), shape);
  const scale = 2 ** -Math.floor(Math.log2(Math.sqrt(count / shape[0]! / 8)));
  return tensor(
    ternary().map((value) => value * scale),
    shape,
  );
}

function checkpoint(): ReadonlyMap<string, Tensor> {
  const stored = spikingResformer({ variant: 'ti' }).nodes.filter(({ op }) =>
    ['spikeloom/param', 'spikeloom/buffer'].includes(op),
  );
  return new Map(
    stored.map(({ id, outputs }, salt) => {
      const shape = outputs['out']!.shape as readonly number[];
      return [id, weightOf(id, shape, salt)];
    }),
  );
}

const shape = [1, 3, 224, 224];
const image = tensor(
  Float32Array.from(hashed(sizeOf(shape), 999), (value) => (value % 17) / 8 - 1),
  shape,
);

async function expectRecordedLogits(path: string): Promise<void> {
  const model = join(folder, 'ti.safetensors');
  const args = ['convert', path, '--arch', 'spikingresformer', '--variant', 'ti', '--out', model];
  const { code, stdout, stderr } = await runCommand(args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain('SpikingResformer ti: 11180992 parameters, 4 timesteps');
  const graph = await readModelFile(model, registry);
  const wanted = recorded.tensor('logits');
  for (const network of [graph, foldBatchNorm(graph, registry)]) {
    const program = await wasmBackend().compile(network, { registry });
    const { logits } = await program.run({ image }, { timesteps: 4 });
    program.dispose();
    expect(logits!.shape).toEqual(wanted.shape);
    const distances = Array.from(logits!.data, (value, index) =>
      Math.abs(value - wanted.data[index]!),
    );
    // Sums are exact up to the last pooling, so no spike differs; logits are as large as 30.
    expect(Math.max(...distances)).toBeLessThan(1e-4);
  }
}

describe('a state dict of the Ti variant gives the logits of PyTorch', () => {
  test('written here', async () => {
    const path = join(folder, 'ti.pt');
    writeFileSync(path, pytorchOf(checkpoint()));
    await expectRecordedLogits(path);
  });

  const reason = 'SPIKELOOM_TI_CHECKPOINT names the file; golden/spikingresformer_ti.py writes it';
  test.skipIf(written === undefined)(`written by PyTorch (${reason})`, async () => {
    await expectRecordedLogits(written!);
  });
});
