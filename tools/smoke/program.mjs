// Runs in a project that has only the packed packages, under plain Node.
import { cpuBackend } from '@spikeloom/backend-cpu';
import { tfjsBackend } from '@spikeloom/backend-tfjs';
import { wasmBackend } from '@spikeloom/backend-wasm';
import { writeModelFile } from '@spikeloom/checkpoint/node';
import '@tensorflow/tfjs-backend-cpu';
import { convertTinyVit, countEqualSpikes, spikeTrains } from './tiny-vit.mjs';

const graph = await convertTinyVit(cpuBackend());
const reference = await spikeTrains(graph, cpuBackend());
for (const backend of [tfjsBackend('cpu'), wasmBackend()]) {
  const spikes = countEqualSpikes(
    reference,
    await spikeTrains(graph, backend),
    `backend ${backend.name}`,
  );
  console.log(`${backend.name}: the same ${spikes} spikes as cpu`);
}
await writeModelFile('tiny-vit.safetensors', graph);
