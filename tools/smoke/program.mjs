// Runs in a project that has only the packed packages, under plain Node.
import { cpuBackend } from '@spikeloom/backend-cpu';
import { tfjsBackend } from '@spikeloom/backend-tfjs';
import { wasmBackend } from '@spikeloom/backend-wasm';
import { writeModelFile } from '@spikeloom/checkpoint/node';
import '@tensorflow/tfjs-backend-cpu';
import { countSpikes } from './spiking-network.mjs';
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
const expected = await countSpikes(cpuBackend());
const counted = await countSpikes(wasmBackend({ threads: 2 }));
if (counted.count !== expected.count || expected.count === 0 || counted.threads !== 2)
  throw new Error(
    `${counted.threads} threads count ${counted.count} spikes, cpu ${expected.count}; two were asked for`,
  );
console.log(`wasm, two threads: the same ${expected.count} spikes as cpu`);
await writeModelFile('tiny-vit.safetensors', graph);
