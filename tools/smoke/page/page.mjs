import { cpuBackend } from '@spikeloom/backend-cpu';
import { wasmBackend } from '@spikeloom/backend-wasm';
import { convertTinyVit, countEqualSpikes, spikeTrains } from '../tiny-vit.mjs';

async function run() {
  const graph = await convertTinyVit(wasmBackend());
  const reference = await spikeTrains(graph, cpuBackend());
  const spikes = countEqualSpikes(reference, await spikeTrains(graph, wasmBackend()), 'wasm');
  return `wasm: the same ${spikes} spikes as cpu`;
}

globalThis.outcome = run().catch((error) => `failed: ${error.stack}`);
