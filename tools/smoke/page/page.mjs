import { cpuBackend } from '@spikeloom/backend-cpu';
import { wasmBackend } from '@spikeloom/backend-wasm';
import { losses } from '../train.mjs';
import { convertTinyVit, countEqualSpikes, spikeTrains } from '../tiny-vit.mjs';

async function run() {
  const graph = await convertTinyVit(wasmBackend());
  const reference = await spikeTrains(graph, cpuBackend());
  const spikes = countEqualSpikes(reference, await spikeTrains(graph, wasmBackend()), 'wasm');
  const trained = await losses(wasmBackend());
  if (!(trained.at(-1) < trained[0]))
    throw new Error(`the loss does not fall: ${trained.join(' ')}`);
  return `wasm: the same ${spikes} spikes as cpu; trained from loss ${trained[0].toFixed(3)} to ${trained.at(-1).toFixed(3)}`;
}

globalThis.outcome = run().catch((error) => `failed: ${error.stack}`);
