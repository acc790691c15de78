import { wasmBackend } from '@spikeloom/backend-wasm';
import { attention } from '@spikeloom/attention';
import { createRandom, createRegistry, sizeOf, tensor } from '@spikeloom/ir';
import { initialiseSpikingResformer, initialiseWeights, lifActivation, resnet, sewResnet, spikingResformer, vgg, vggSnn } from '@spikeloom/models';
import { neurons } from '@spikeloom/neurons';
import { test } from 'vitest';
// @ts-ignore
import { settledWeights } from '../../../tools/bench/settled-weights.mjs';
const registry = createRegistry([attention, neurons]);
const off = wasmBackend({ engine: 'off', threads: 1 }), auto = wasmBackend({ threads: 1 });
const activation = lifActivation();
const nets = {
  vgg: () => vgg({ depth: 11, activation, image: [3, 32, 32], classes: 10 } as any),
  resnet: () => resnet({ depth: 18, activation, image: [3, 32, 32], classes: 10 } as any),
  sew: () => sewResnet({ depth: 18, activation, image: [3, 64, 64], classes: 10 } as any),
  cifar: () => spikingResformer({ variant: 'cifar', image: [3, 32, 32], classes: 10 } as any),
  vggSnn: () => vggSnn({} as any),
};
const only = process.env['NETS']?.split(',') ?? Object.keys(nets);
test('perf', async () => {
  const T = 4;
  for (const name of only) {
    try {
      let graph: any = (nets as any)[name](); graph = name === 'cifar' ? initialiseSpikingResformer(graph, createRandom(2)) : initialiseWeights(graph, createRandom(2)); if (name === 'vgg') graph = { ...graph, weights: new Map([...graph.weights].map(([k, w]: any) => [k, { ...w, data: w.data.map((v: number) => v * 1.5) }])) };
      const shape = Object.values(graph.nodes.find((n: any) => n.op.endsWith('/input')).outputs)[0] as any;
      const key = 'image';
      const random = createRandom(1);
      const noise = (n: number) => { const s = [n, ...shape.shape.slice(1)]; return { [key]: tensor(Float32Array.from({ length: sizeOf(s) }, () => random.normal()), s) }; };
      graph = { ...graph, weights: await settledWeights(graph, { backend: off, registry, inputs: noise(2), timesteps: T, bias: 0.3 }) };
      const plan = await auto.explain(graph, { registry, samples: 1, timesteps: T });
      const kinds: any = {}; plan?.stages.forEach((s) => { const k = s.kernel === 'operator' ? s.why : s.kernel; kinds[k] = (kinds[k] ?? 0) + 1; });
      console.log(name, JSON.stringify(kinds));
      for (const n of [1, 16]) {
        const inputs = noise(n); const med: any = {};
        const ps = { off: await off.compile(graph, { registry }), auto: await auto.compile(graph, { registry }) };
        const ts: any = { off: [], auto: [] }; let diff = 0;
        const o1: any = await ps.off.run(inputs, { timesteps: T }), o2: any = await ps.auto.run(inputs, { timesteps: T });
        for (const k of Object.keys(o1)) o1[k].data.forEach((v: number, i: number) => { diff = Math.max(diff, Math.abs(v - o2[k].data[i])); });
        for (let r = 0; r < 5; r++) for (const k of ['off', 'auto'] as const) { const t = performance.now(); await ps[k].run(inputs, { timesteps: T }); ts[k].push(performance.now() - t); }
        for (const k of ['off', 'auto']) med[k] = ts[k].sort((a: number, b: number) => a - b)[2].toFixed(1);
        const per: any = {};
        await ps.auto.run(inputs, { timesteps: T, profiler: { now: () => performance.now(), record: ({ op, path, elapsed }: any) => { const k = op === 'engine/operator' ? `${op} ${graph.nodes.find((q: any) => q.id === path)?.op}` : op; per[k] = (per[k] ?? 0) + elapsed; } } } as any);
        console.log(name, n, JSON.stringify(med), 'diff', diff, Object.entries(per).sort((a: any, b: any) => b[1] - a[1]).slice(0, 8).map(([k, v]: any) => `${k} ${v.toFixed(1)}`).join('; '));
        ps.off.dispose(); ps.auto.dispose();
      }
    } catch (e: any) { console.log(name, e.message); }
  }
}, 300000);
