// Times the converted Vision Transformer on backend-wasm beside as many passes of the trained one through
// the operators of tfjs-wasm, batch by batch in turn, one thread each; and the early exit beside both. With
// --primitives, also the spiking network without any kernel of ours; with --integers, also in int16 and in int8.
//
//   node tools/bench/ecmt.mjs [--images 200] [--timesteps 8] [--batch 100] [--profile] [--primitives]
//     [--integers] [--json]
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build, root } from '../prepare.mjs';

await build();
const { tfjsBackend } = await import('@spikeloom/backend-tfjs');
const { wasmBackend } = await import('@spikeloom/backend-wasm');
const { readSafetensors, tensorsOf } = await import('@spikeloom/checkpoint');
const { conversion, convertEcmt } = await import('@spikeloom/conversion');
const { calibrateTopK, collectStatistics } = await import('@spikeloom/cutoff');
const { fashionMnistNormalisation, fashionMnistSample, normalise } =
  await import('@spikeloom/datasets');
const { createRegistry } = await import('@spikeloom/ir');
const { loadVit } = await import('@spikeloom/models');
const { neurons } = await import('@spikeloom/neurons');
const { runUntil } = await import('@spikeloom/runtime');

const { values } = parseArgs({
  options: {
    images: { type: 'string', default: '200' },
    timesteps: { type: 'string', default: '8' },
    batch: { type: 'string', default: '100' },
    profile: { type: 'boolean', default: false },
    primitives: { type: 'boolean', default: false },
    integers: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const [images, timesteps, size] = [values.images, values.timesteps, values.batch].map(Number);

const registry = createRegistry([neurons, conversion]);
const wasm = wasmBackend({ threads: 1 });
const asset = (name) => readFileSync(resolve(root, 'packages/cli/assets', name));
const trained = loadVit(
  JSON.parse(asset('vit-fashion-mnist.json')),
  tensorsOf(readSafetensors(asset('vit-fashion-mnist.safetensors'))),
);
const batches = async (split, count) => {
  const list = [];
  for await (const batch of (await fashionMnistSample(split)).batches({ size, count })) {
    list.push({
      inputs: { image: normalise(batch, fashionMnistNormalisation) },
      labels: batch.labels,
    });
  }
  return list;
};
const training = await batches('train', 300);
const { graph } = await convertEcmt(trained, {
  backend: wasm,
  registry,
  data: training.map(({ inputs }) => ({ image: inputs.image })),
});
const snn = await wasm.compile(graph, { registry });
const plain = values.primitives
  ? await wasm.compile(graph, { registry, kernels: 'primitives' })
  : undefined;
const integerModes = values.integers ? ['int16', 'int8'] : [];
const inIntegers = {};
for (const mode of integerModes) {
  inIntegers[mode] = await wasmBackend({ threads: 1, mode }).compile(graph, { registry });
}
const dense = await tfjsBackend('wasm').compile(trained, { registry });
const { exit } = calibrateTopK(await collectStatistics(snn, training, { timesteps }), {
  epsilon: 0.02,
});

/** Milliseconds by operator, for the spiking network. */
const kernels = new Map();
const profiler = {
  now: () => performance.now(),
  record: ({ op, elapsed }) => kernels.set(op, (kernels.get(op) ?? 0) + elapsed),
};

const times = { dense: [], spiking: [], cutoff: [], primitives: [], int16: [], int8: [] };
const timed = async (name, work) => {
  const began = performance.now();
  const result = await work();
  times[name].push((performance.now() - began) / 1000);
  return result;
};
const test = await batches('test', images);
// The first batch warms up the compilers and is not counted.
let exits = 0;
for (const [index, { inputs }] of [test[0], ...test].entries()) {
  await timed('dense', async () => {
    for (let pass = 0; pass < timesteps; pass++) await dense.run(inputs, { timesteps: 1 });
  });
  await timed('spiking', () =>
    snn.run(inputs, { timesteps, ...(values.profile ? { profiler } : {}) }),
  );
  if (values.primitives) await timed('primitives', () => plain.run(inputs, { timesteps }));
  for (const mode of integerModes) {
    await timed(mode, () => inIntegers[mode].run(inputs, { timesteps }));
  }
  const { timesteps: steps } = await timed('cutoff', () =>
    runUntil(snn, inputs, { timesteps, exit }),
  );
  if (index === 0) for (const list of Object.values(times)) list.length = 0;
  else exits += steps.reduce((sum, step) => sum + step, 0);
}
const total = (name) => times[name].reduce((sum, seconds) => sum + seconds, 0);
function kernelShares() {
  const all = [...kernels.values()].reduce((sum, elapsed) => sum + elapsed, 0);
  return Object.fromEntries(
    [...kernels].toSorted((a, b) => b[1] - a[1]).map(([op, elapsed]) => [op, elapsed / all]),
  );
}

const result = {
  images,
  timesteps,
  batch: size,
  densePasses: timesteps,
  denseSeconds: total('dense'),
  spikingSeconds: total('spiking'),
  spikingOverDense: total('spiking') / total('dense'),
  cutoffSeconds: total('cutoff'),
  meanTimestep: exits / images,
  cutoffOverSpiking: total('cutoff') / total('spiking'),
  ...(values.primitives
    ? {
        primitivesSeconds: total('primitives'),
        primitivesOverSpiking: total('primitives') / total('spiking'),
      }
    : {}),
  ...Object.fromEntries(
    integerModes.flatMap((mode) => [
      [`${mode}Seconds`, total(mode)],
      [`${mode}OverSpiking`, total(mode) / total('spiking')],
    ]),
  ),
  ...(values.profile ? { kernelShares: kernelShares() } : {}),
};
if (values.json) console.log(JSON.stringify(result));
else {
  const line = (label, seconds, remark) =>
    console.log(`${label.padEnd(44)} ${seconds.toFixed(2)} s  ${remark}`);
  line(`${timesteps} passes of the trained network, tfjs-wasm`, result.denseSeconds, '');
  line(
    `spiking network, T = ${timesteps}, backend-wasm`,
    result.spikingSeconds,
    `x ${result.spikingOverDense.toFixed(2)}`,
  );
  if (values.primitives) {
    const { primitivesSeconds, primitivesOverSpiking } = result;
    line(
      'the same by primitives',
      primitivesSeconds,
      `x ${primitivesOverSpiking.toFixed(2)} of it`,
    );
  }
  for (const mode of integerModes) {
    line(
      `the same in ${mode}`,
      result[`${mode}Seconds`],
      `x ${result[`${mode}OverSpiking`].toFixed(2)} of it`,
    );
  }
  const remark = `x ${result.cutoffOverSpiking.toFixed(2)} of it, mean timestep ${result.meanTimestep.toFixed(2)} of ${timesteps}`;
  line('the same, samples that are sure leave', result.cutoffSeconds, remark);
  for (const [op, part] of Object.entries(result.kernelShares ?? {}))
    console.log(`  ${(part * 100).toFixed(1).padStart(5)} %  ${op}`);
}
