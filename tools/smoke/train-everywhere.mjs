import { cpuBackend } from '@spikeloom/backend-cpu';
import { tfjsBackend } from '@spikeloom/backend-tfjs';
import { wasmBackend } from '@spikeloom/backend-wasm';
import '@tensorflow/tfjs-backend-cpu';
import { losses } from './train.mjs';

const expected = await losses(cpuBackend());
if (!(expected.at(-1) < expected[0]))
  throw new Error(`the loss does not fall: ${expected.join(' ')}`);
for (const backend of [tfjsBackend('cpu'), wasmBackend()]) {
  const found = await losses(backend);
  const far = found.findIndex((loss, step) => !(Math.abs(loss - expected[step]) < 1e-3));
  if (far >= 0)
    throw new Error(`${backend.name}: step ${far + 1} ${found[far]}, not ${expected[far]}`);
}
console.log(`loss ${expected[0].toFixed(3)} to ${expected.at(-1).toFixed(3)} on three backends`);
