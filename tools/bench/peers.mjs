// Times one forward pass of the same SpikingResformer here and in other programs, in turns, so that a busy machine
// slows all of them alike: medians of CPU and wall time, and how they compare.
//
//   SPIKELOOM_PEERS=<folder with node_modules> node tools/bench/peers.mjs [--model ti.safetensors] [--onnx ti.onnx]
//     [--image 224] [--timesteps 4] [--batch 1] [--rounds 7] [--peers float32-1,int16-1,ort-node-1] [--json]
//
// The model is a model file of Spikeloom, by default a ti network with weights at random that fires; the ONNX file
// takes one image tensor and holds all timesteps. ONNX Runtime (onnxruntime-node, onnxruntime-web) is found in the
// folder of the variable; what is not there is left out.
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from '../prepare.mjs';

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    onnx: { type: 'string' },
    image: { type: 'string', default: '224' },
    timesteps: { type: 'string', default: '4' },
    batch: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '7' },
    peers: { type: 'string' },
    json: { type: 'boolean', default: false },
    // A process of one peer, started by this program.
    serve: { type: 'string' },
  },
});
const [image, timesteps, batch, rounds] = ['image', 'timesteps', 'batch', 'rounds'].map((name) =>
  Number(values[name]),
);
const engines = ['float32-1', 'int16-1', 'int8-1', 'float32-2', 'int16-2', 'int8-2'];
const runtimes = ['ort-node-1', 'ort-web-1', 'ort-node-2', 'ort-web-2'];
const usual = [...engines, ...(values.onnx ? runtimes : [])];

if (values.serve) await serve(values.serve);
else await compare(values.peers?.split(',') ?? usual);

async function compare(names) {
  await build();
  const peers = [];
  for (const name of names) {
    const peer = start(name);
    const { fault } = await peer.next();
    if (fault) console.error(`${name} is left out: ${fault}`);
    else peers.push(peer);
  }
  // The first runs compile and warm up.
  for (let round = -2; round < rounds; round++) {
    for (const peer of peers) {
      peer.process.send('run');
      const time = await peer.next();
      if (round >= 0) peer.times.push(time);
    }
  }
  for (const peer of peers) peer.process.disconnect();
  const results = peers.map(({ name, times }) => ({
    name,
    cpu: median(times.map(({ cpu }) => cpu)),
    wall: median(times.map(({ wall }) => wall)),
  }));
  if (values.json) console.log(JSON.stringify({ image, timesteps, batch, rounds, results }));
  else print(results);
}

function print(results) {
  const [first] = results;
  if (!first) throw new Error('there is no peer to time');
  console.log(`peer          CPU ms   wall ms   wall, times that of ${first.name}`);
  for (const { name, cpu, wall } of results) {
    const columns = [cpu.toFixed(1), wall.toFixed(1), (wall / first.wall).toFixed(2)];
    console.log(name.padEnd(10) + columns.map((column) => column.padStart(10)).join(''));
  }
}

/** A process for every peer: their threads and memories do not meet. */
function start(name) {
  const child = fork(import.meta.filename, [...process.argv.slice(2), '--serve', name]);
  const messages = [];
  const waiting = [];
  const take = (message) => (waiting.shift() ?? ((one) => messages.push(one)))(message);
  child.on('message', take);
  child.on('exit', (code) => take({ fault: `it ended with ${code}` }));
  const next = async () => messages.shift() ?? new Promise((done) => waiting.push(done));
  return { name, process: child, times: [], next };
}

async function serve(name) {
  const [kind, where] = name.split('-');
  const threads = Number(name.split('-').at(-1));
  try {
    const pass = kind === 'ort' ? await onnxPass(where, threads) : await ourPass(kind, threads);
    process.on('message', async () => {
      const [began, before] = [performance.now(), process.cpuUsage()];
      await pass();
      const wall = performance.now() - began;
      const { user, system } = process.cpuUsage(before);
      process.send({ wall, cpu: (user + system) / 1000 });
    });
    process.send({});
  } catch (error) {
    process.send({ fault: error.message.split('\n')[0] });
    process.disconnect();
  }
}

async function ourPass(kind, threads) {
  const { attention } = await import('@spikeloom/attention');
  const { wasmBackend } = await import('@spikeloom/backend-wasm');
  const { createRegistry, tensor } = await import('@spikeloom/ir');
  const { neurons } = await import('@spikeloom/neurons');
  const registry = createRegistry([attention, neurons]);
  const graph = await network(registry, wasmBackend({ threads: 1 }));
  const program = await wasmBackend({ mode: kind, threads }).compile(graph, { registry });
  const inputs = { image: tensor(noise(), [batch, 3, image, image]) };
  return async () => program.run(inputs, { timesteps });
}

async function network(registry, backend) {
  if (values.model) {
    const { readModelFile } = await import('@spikeloom/checkpoint/node');
    return readModelFile(values.model, registry);
  }
  const { tensor } = await import('@spikeloom/ir');
  const { spikingResformer } = await import('@spikeloom/models');
  const { settledWeights } = await import('./settled-weights.mjs');
  // A small image settles them as well as a large one.
  const small = spikingResformer({ variant: 'ti', image: [3, 64, 64], seed: 1 });
  const inputs = { image: tensor(noise(2 * 3 * 64 * 64), [2, 3, 64, 64]) };
  const weights = await settledWeights(small, { backend, registry, inputs, timesteps, bias: 0.3 });
  return { ...spikingResformer({ variant: 'ti', image: [3, image, image] }), weights };
}

async function onnxPass(where, threads) {
  const folder = process.env.SPIKELOOM_PEERS;
  if (!folder) throw new Error('SPIKELOOM_PEERS names no folder with ONNX Runtime');
  if (!values.onnx) throw new Error('no --onnx file');
  const runtime = createRequire(resolve(folder, 'node_modules/any.js'))(`onnxruntime-${where}`);
  if (where === 'web') runtime.env.wasm.numThreads = threads;
  const options = {
    executionProviders: [where === 'web' ? 'wasm' : 'cpu'],
    graphOptimizationLevel: 'all',
    ...(where === 'web' ? {} : { intraOpNumThreads: threads, interOpNumThreads: 1 }),
  };
  const session = await runtime.InferenceSession.create(readFileSync(values.onnx), options);
  const [input] = session.inputNames;
  const given = new runtime.Tensor('float32', noise(), [batch, 3, image, image]);
  return async () => session.run({ [input]: given });
}

/** The same numbers in every process. */
function noise(count = batch * 3 * image * image) {
  let state = 1;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (2 * state) / 2 ** 32 - 1;
  });
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
}
