import { cpuBackend } from '@spikeloom/backend-cpu';
import { wasmBackend } from '@spikeloom/backend-wasm';
import { countSpikes } from '../spiking-network.mjs';
import { losses } from '../train.mjs';
import { convertTinyVit, countEqualSpikes, spikeTrains } from '../tiny-vit.mjs';

async function run() {
  const graph = await convertTinyVit(wasmBackend());
  const reference = await spikeTrains(graph, cpuBackend());
  const spikes = countEqualSpikes(reference, await spikeTrains(graph, wasmBackend()), 'wasm');
  const trained = await losses(wasmBackend());
  if (!(trained.at(-1) < trained[0]))
    throw new Error(`the loss does not fall: ${trained.join(' ')}`);
  const { threads, count } = await countOnThreads();
  const report = `wasm: the same ${spikes} spikes as cpu; trained from loss ${trained[0].toFixed(3)} to ${trained.at(-1).toFixed(3)}; on ${threads} of 2 threads the same ${count} spikes as cpu`;
  return { threads, report };
}

/** A network of convolutions where two threads are asked for: the spikes of cpu, and how many threads there were. */
async function countOnThreads() {
  const expected = await countSpikes(cpuBackend());
  const found = await countSpikes(wasmBackend({ threads: 2 }));
  if (found.count !== expected.count || expected.count === 0)
    throw new Error(`${found.threads} threads count ${found.count} spikes, cpu ${expected.count}`);
  // A second backend must not say again what the first has said.
  await countSpikes(wasmBackend({ threads: 2 }));
  return found;
}

globalThis.outcome = run().catch((error) => `failed: ${error.stack}`);
