// Times blocks of spiking networks on backend-wasm, one thread: the event-driven engine beside the operators and, with
// --against, the engine of another checkout, in turn. With --plan, the stages of the engine and what each takes.
//
//   node tools/bench/spiking-blocks.mjs [--only ssa] [--timesteps 4] [--batch 1] [--runs 9] [--against DIR] [--plan] [--json]
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build, root } from '../prepare.mjs';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    timesteps: { type: 'string', default: '4' },
    batch: { type: 'string', default: '1' },
    runs: { type: 'string', default: '9' },
    against: { type: 'string' },
    // Whose packages to run: this checkout's, or those of --against in a process of their own.
    checkout: { type: 'string', default: root },
    plan: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const [timesteps, samples] = [values.timesteps, values.batch].map(Number);

if (values.checkout === root) await build();
const use = (name) => import(resolve(values.checkout, `packages/${name}/dist/index.js`));
const { attention, qkTokenAttention, spikeDrivenAttention, ssa } = await use('attention');
const { wasmBackend } = await use('backend-wasm');
const { batchNorm, createBuilder, createRandom, createRegistry, linear, sizeOf, tensor } =
  await use('ir');
const { lif, neurons } = await use('neurons');

const registry = createRegistry([neurons, attention]);
const random = createRandom(20261122);
const normal = (shape, spread) =>
  tensor(
    Float32Array.from({ length: sizeOf(shape) }, () => spread * random.normal()),
    shape,
  );

/** Layers with weights at which about a seventh of the neurons fire. */
function layersOn(b) {
  let count = 0;
  const weight = (shape, fanIn) =>
    b.param(`w${count++}`, shape, { tensor: normal(shape, 4.6 / Math.sqrt(fanIn)) });
  const channels = (x) => Number(x.type.shape[1]);
  const fire = (current) => b.apply(lif, { current }, { threshold: 1 }, `lif${count++}`).spikes;
  const norm = (x) => {
    const size = channels(x);
    const numbers = (kind, value) =>
      b.buffer(`${kind}${count++}`, [size], {
        tensor: tensor(new Float32Array(size).fill(value), [size]),
      });
    const [one, zero] = [numbers('scale', 1), numbers('shift', 0)];
    const inputs = { x, weight: one, bias: zero, mean: zero, variance: one };
    return b.apply(batchNorm, inputs, {}, `norm${count++}`).out;
  };
  const conv = (x, outputs, kernel = 1) => {
    const inputs = {
      x,
      weight: weight([outputs, channels(x), kernel, kernel], channels(x) * kernel * kernel),
    };
    const margin = (kernel - 1) / 2;
    return norm(b.conv2d(inputs, { padding: [margin, margin, margin, margin] }, `conv${count++}`));
  };
  const dense = (x, outputs) => {
    const inside = Number(x.type.shape.at(-1));
    const inputs = { x, weight: weight([outputs, inside], inside) };
    return b.apply(linear, inputs, {}, `linear${count++}`).out;
  };
  /** A linear layer on tokens with normalisation. */
  const mix = (x, outputs) =>
    b.transpose(norm(b.transpose(dense(x, outputs), [0, 2, 1])), [0, 2, 1]);
  return { fire, conv, dense, mix };
}

/** A block of a spiking transformer on an image of currents: attention, then a hidden layer of four times the width. */
function transformer(width, side, operands, attend) {
  const b = createBuilder();
  const { fire, conv } = layersOn(b);
  const image = ['N', width, side, side];
  const x = b.input('x', image);
  const tokens = (spikes) => b.transpose(b.reshape(spikes, ['N', width, side * side]), [0, 2, 1]);
  const spikes = fire(x);
  const given = Array.from({ length: operands }, () => tokens(fire(conv(spikes, width))));
  const attended = b.reshape(b.transpose(attend(b, given), [0, 2, 1]), image);
  const y = b.add(conv(attended, width), x);
  b.output('out', fire(b.add(conv(fire(conv(fire(y), 4 * width)), width), y)));
  return { graph: b.build(), shape: image.slice(1) };
}

/** The same on tokens, with linear layers. */
function onTokens(width, length) {
  const b = createBuilder();
  const { fire, mix } = layersOn(b);
  const x = b.input('x', ['N', length, width]);
  const spikes = fire(x);
  const [q, k, v] = Array.from({ length: 3 }, () => fire(mix(spikes, width)));
  const attended = b.apply(ssa, { q, k, v }, { heads, scale }, 'ssa').spikes;
  const y = b.add(mix(attended, width), x);
  b.output('out', fire(b.add(mix(fire(mix(fire(y), 4 * width)), width), y)));
  return { graph: b.build(), shape: [length, width] };
}

/** Convolutions with pooling, then a hidden layer. */
function convolutional(side) {
  const b = createBuilder();
  const { fire, conv, dense } = layersOn(b);
  const pool = (x) => b.maxPool2d(x, { kernel: [2, 2], stride: [2, 2] });
  let x = fire(b.input('x', ['N', 64, side, side]));
  for (const width of [128, 256]) x = pool(fire(conv(x, width, 3)));
  const flat = b.reshape(x, ['N', 256 * (side / 4) ** 2]);
  b.output('out', dense(fire(dense(flat, 512)), 10));
  return { graph: b.build(), shape: [64, side, side] };
}

/** What `ssa` does, written out as a network of one's own may have it. */
function products(b, operands, order) {
  const [, length, width] = operands[0].type.shape;
  const split = (x) => b.transpose(b.reshape(x, ['N', length, heads, width / heads]), [0, 2, 1, 3]);
  const [q, k, v] = operands.map(split);
  const product =
    order === 'map-first'
      ? b.matmul(b.matmul(q, k, { transposeB: true }), v)
      : b.matmul(q, b.matmul(k, v, { transposeA: true }));
  const current = b.reshape(b.transpose(product, [0, 2, 1, 3]), ['N', length, width]);
  return b.apply(lif, { current: b.mul(current, scale) }, { threshold: 0.5 }, 'lif').spikes;
}

const heads = 12;
const scale = 0.0625;
const blocks = {
  'ssa 384, 14 x 14': () =>
    transformer(
      384,
      14,
      3,
      (b, [q, k, v]) => b.apply(ssa, { q, k, v }, { heads, scale }, 'ssa').spikes,
    ),
  'ssa 384, 196 tokens': () => onTokens(384, 196),
  'ssa 384, 8 x 8': () =>
    transformer(
      384,
      8,
      3,
      (b, [q, k, v]) => b.apply(ssa, { q, k, v }, { heads, scale }, 'ssa').spikes,
    ),
  'products, map first, 384, 14 x 14': () =>
    transformer(384, 14, 3, (b, operands) => products(b, operands, 'map-first')),
  'products, context first, 384, 14 x 14': () =>
    transformer(384, 14, 3, (b, operands) => products(b, operands, 'context-first')),
  'qk-token 384, 14 x 14': () =>
    transformer(384, 14, 2, (b, [q, k]) => {
      const attributes = { heads, over: 'token', threshold: 3 };
      return b.apply(qkTokenAttention, { q, k }, attributes, 'qk').spikes;
    }),
  'spike-driven 384, 14 x 14': () =>
    transformer(384, 14, 3, (b, [q, k, v]) => {
      return b.apply(spikeDrivenAttention, { q, k, v }, { threshold: 3 }, 'sdsa').spikes;
    }),
  'conv, max-pool, flatten, linear, 32 x 32': () => convolutional(32),
  'conv, mean over 512 x 14 x 14, linear': () => {
    const b = createBuilder();
    const { fire, conv, dense } = layersOn(b);
    const x = fire(b.input('x', ['N', 256, 14, 14]));
    b.output('out', dense(b.mean(fire(conv(x, 512)), [2, 3]), 1000));
    return { graph: b.build(), shape: [256, 14, 14] };
  },
};

const backends = {
  engine: wasmBackend({ threads: 1 }),
  ...(!process.send && { operators: wasmBackend({ engine: 'off' }) }),
};

const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
async function secondsOf(run) {
  const before = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** What measures one run of a block, for each way to run it. */
async function prepare(name) {
  const { graph, shape } = blocks[name]();
  const x = Array.from({ length: timesteps }, () => normal([samples, ...shape], 2.1));
  const compiled = Object.entries(backends).map(async ([key, backend]) => [
    key,
    await backend.compile(graph, { registry }),
  ]);
  const programs = Object.fromEntries(await Promise.all(compiled));
  const runs = Object.entries(programs).map(([key, program]) => [
    key,
    () => secondsOf(() => program.run({ x }, { timesteps })),
  ]);
  return { graph, x, programs, runs: Object.fromEntries(runs) };
}

/** Runs a block in the process of another checkout. */
async function ask(child, name) {
  child.send(name);
  const [seconds] = await once(child, 'message');
  return seconds;
}

async function serve() {
  let current;
  process.on('message', async (name) => {
    if (current?.name !== name) current = { name, ...(await prepare(name)) };
    process.send(await current.runs.engine());
  });
}

async function measure() {
  const file = fileURLToPath(import.meta.url);
  const options = ['--timesteps', values.timesteps, '--batch', values.batch];
  const child = values.against && fork(file, [...options, '--checkout', resolve(values.against)]);
  for (const name of Object.keys(blocks).filter((one) => one.includes(values.only))) {
    const prepared = await prepare(name);
    const runs = {
      ...prepared.runs,
      ...(child && { against: () => ask(child, name) }),
    };
    const times = Object.fromEntries(Object.keys(runs).map((key) => [key, []]));
    for (let round = -3; round < Number(values.runs); round++) {
      for (const [key, run] of Object.entries(runs)) {
        const seconds = await run();
        if (round >= 0) times[key].push(seconds);
      }
    }
    const ms = Object.fromEntries(
      Object.entries(times).map(([key, all]) => [key, Number((1000 * median(all)).toFixed(2))]),
    );
    const columns = Object.entries(ms).map(([key, value]) => `${key} ${value} ms`);
    console.log(
      values.json
        ? JSON.stringify({ name, timesteps, samples, ms })
        : `${name.padEnd(44)} ${columns.join('  ')}`,
    );
    if (values.plan) await printPlan(prepared);
    for (const program of Object.values(prepared.programs)) program.dispose();
  }
  child?.disconnect();
}

/** The stages, each with the shortest time of some runs. */
async function printPlan({ programs, graph, x }) {
  const { stages } = await backends.engine.explain(graph, { registry, samples, timesteps });
  const shortest = new Map();
  const profiler = {
    now: () => performance.now(),
    record: ({ op, path, elapsed }) => {
      const key = `${op} ${path}`;
      shortest.set(key, Math.min(shortest.get(key) ?? Infinity, elapsed));
    },
  };
  for (let run = 0; run < Number(values.runs); run++)
    await programs.engine.run({ x }, { timesteps, profiler });
  for (const { kernel, path, nodes } of stages) {
    const took = (shortest.get(`engine/${kernel} ${path}`) ?? 0).toFixed(3).padStart(8);
    console.log(`  ${took} ms  ${kernel.padEnd(20)} ${nodes.join(' ') || path}`);
  }
}

await (process.send ? serve() : measure());
