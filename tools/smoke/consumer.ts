// Type-checked against the packed types, as a user's program would be.
import { cpuBackend } from '@spikeloom/backend-cpu';
import { tfjsBackend } from '@spikeloom/backend-tfjs';
import { wasmBackend, type WasmBackendOptions } from '@spikeloom/backend-wasm';
import { loadModel } from '@spikeloom/checkpoint';
import { readModelFile } from '@spikeloom/checkpoint/node';
import { runCli } from '@spikeloom/cli';
import { conversion, type ConversionReport, convertEcmt } from '@spikeloom/conversion';
import { topKCutoff } from '@spikeloom/cutoff';
import { fashionMnistSample } from '@spikeloom/datasets';
import { openDataset } from '@spikeloom/datasets/node';
import { createMeter } from '@spikeloom/energy';
import { createBuilder, createRegistry, type Graph, type Tensor, tensor } from '@spikeloom/ir';
import { vit } from '@spikeloom/models';
import { lif, neurons } from '@spikeloom/neurons';
import { type Backend, runUntil } from '@spikeloom/runtime';
import { conformanceCases } from '@spikeloom/testkit';

const options: WasmBackendOptions = { threads: 2 };
const backends: readonly Backend[] = [cpuBackend(), tfjsBackend('cpu'), wasmBackend(options)];
const registry = createRegistry([neurons, conversion]);

const builder = createBuilder({ name: 'one-layer' });
const current = builder.input('current', ['N', 4]);
const { spikes } = builder.apply(lif, { current }, { tau: 3, reset: null });
builder.output('spikes', spikes);
// @ts-expect-error a number is wanted: were a type not found, anything would do
wasmBackend({ threads: 'two' });
// @ts-expect-error as above
builder.param(1, ['N', 4]);

export async function use(backend: Backend): Promise<Tensor | undefined> {
  const program = await backend.compile(builder.build(), { registry });
  const outputs = await program.run({ current: tensor([1, 2, 3, 4], [1, 4]) }, { timesteps: 3 });
  return outputs['spikes'];
}

export async function convert(trained: Graph, backend: Backend): Promise<ConversionReport> {
  const data = [{ image: tensor(new Float32Array(64), [1, 1, 8, 8]) }];
  return (await convertEcmt(trained, { backend, registry, data })).report;
}

export const everything = {
  backends,
  conformanceCases,
  createMeter,
  fashionMnistSample,
  loadModel,
  openDataset,
  readModelFile,
  runCli,
  runUntil,
  topKCutoff,
  vit,
};
