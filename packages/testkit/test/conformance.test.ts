import { cpuBackend } from '@spikeloom/backend-cpu';
import {
  anyReal,
  createRegistry,
  defineOp,
  definePlugin,
  type Plugin,
  primitives,
  realType,
  type Registry,
  spikeType,
  type Tensor,
} from '@spikeloom/ir';
import { neurons } from '@spikeloom/neurons';
import type { KernelCall, PluginKernel } from '@spikeloom/runtime';
import { conformanceCases } from '@spikeloom/testkit';
import { describe, expect, test } from 'vitest';

/** Adds up its input and spikes at 1, as a definition would. */
const accumulate = defineOp({
  id: 'test/accumulate',
  version: 1,
  summary: 'Adds up its input, spikes at 1, and starts again.',
  inputs: { x: anyReal },
  attributes: {},
  outputs: ({ x }) => ({ sum: realType(x.shape), spikes: spikeType(x.shape) }),
  lower(b, { x }) {
    const v = b.state('v', { like: x });
    const sum = b.add(v, x);
    const spikes = b.spike(b.sub(sum, 1), { kind: 'atan', alpha: 2 });
    b.write(v, b.sub(sum, spikes));
    return { sum, spikes };
  },
  examples: [{ inputs: { x: { shape: [2, 8] } }, timesteps: 4 }],
});

type Step = (v: number, x: number, step: number) => { v: number; sum: number; spikes: number };

const right: Step = (v, x) => {
  const sum = Math.fround(v + x);
  const spikes = Number(sum >= 1);
  return { sum, spikes, v: sum - spikes };
};

/** A CPU kernel for `accumulate` that does this to every element. */
function kernelOf(step: Step): PluginKernel {
  return {
    op: accumulate.id,
    backend: 'cpu',
    run(call: KernelCall<unknown>) {
      const [x, v] = [call.inputs['x'] as Tensor, call.state('v') as Tensor];
      const results = [...x.data].map((value, index) => step(v.data[index]!, value, call.step));
      const like = (values: number[]): Tensor => ({ ...x, data: Float32Array.from(values) });
      call.write('v', like(results.map((result) => result.v)));
      return {
        sum: like(results.map((result) => result.sum)),
        spikes: like(results.map((result) => result.spikes)),
      };
    },
  };
}

function registryWith(...kernels: PluginKernel[]): Registry {
  const plugin: Plugin = definePlugin({
    id: 'test/plugin',
    apiVersion: 1,
    operators: [accumulate],
    kernels,
  });
  return createRegistry([plugin]);
}

const casesFor = (registry: Registry) => conformanceCases(cpuBackend(), [accumulate], registry);

describe('conformanceCases', () => {
  test('passes a kernel that agrees with the lowering', async () => {
    for (const { run } of casesFor(registryWith(kernelOf(right)))) await run();
  });

  test.each<[string, Step, RegExp]>([
    ['an output', (v, x, t) => ({ ...right(v, x, t), sum: v + x + 0.01 }), /output sum: element 0/],
    [
      'a spike, be it one in many',
      (v, x, t) => ({ ...right(v, x, t), spikes: Number(v + x >= 0.95) }),
      /output spikes: element \d+ is 1, expected 0 within 0/,
    ],
    [
      'a state that no output shows yet',
      (v, x, t) => (t === 3 ? { ...right(v, x, t), v: 0 } : right(v, x, t)),
      /state op\.v after step 3: element/,
    ],
    [
      'a later timestep only',
      (v, x, t) => (t === 2 ? right(v, 0, t) : right(v, x, t)),
      /output sum: element 3[2-9]|output sum: element 4\d/,
    ],
    ['everything, with NaN', () => ({ v: 0, sum: Number.NaN, spikes: 0 }), /element 0 is NaN/],
  ])('rejects a kernel that gets %s wrong, saying what', async (_, step, message) => {
    const [withKernel, byLowering] = casesFor(registryWith(kernelOf(step)));
    await expect(withKernel!.run()).rejects.toThrow(message);
    await expect(byLowering!.run()).resolves.toBeUndefined();
  });

  test('rejects a kernel of a primitive that is wrong', async () => {
    const wrong: PluginKernel = {
      op: primitives.neg.id,
      backend: 'cpu',
      run: (call: KernelCall<unknown>) => ({ out: call.inputs['x'] }),
    };
    const [only, ...others] = conformanceCases(cpuBackend(), [primitives.neg], registryWith(wrong));
    expect(others).toEqual([]);
    await expect(only!.run()).rejects.toThrow(/output out: element 0/);
  });

  test('rejects a kernel that throws, with its error', async () => {
    const broken = (): never => {
      throw new TypeError('a bug');
    };
    const [withKernel] = casesFor(registryWith(kernelOf(broken)));
    await expect(withKernel!.run()).rejects.toThrow('a bug');
  });

  test('checks every example with the kernels and by the lowering, primitives once', () => {
    const names = conformanceCases(
      cpuBackend(),
      [accumulate, primitives.neg, primitives.input],
      registryWith(),
    ).map(({ name }) => name);
    expect(names).toEqual([
      'cpu: test/accumulate, example 1',
      'cpu: test/accumulate, example 1, by its lowering',
      'cpu: spikeloom/neg, example 1',
    ]);
  });

  test('gives every case a name of its own', () => {
    const registry = createRegistry([neurons]);
    const names = conformanceCases(cpuBackend(), registry.operators.values(), registry).map(
      ({ name }) => name,
    );
    expect(names.length).toBeGreaterThan(100);
    expect(new Set(names).size).toBe(names.length);
  });

  test('can run a case again, with the same result', async () => {
    const [wrong] = casesFor(registryWith(kernelOf(() => ({ v: 0, sum: 0, spikes: 0 }))));
    const messages: unknown[] = [];
    for (let round = 0; round < 2; round++)
      await wrong!.run().catch((error: Error) => messages.push(error.message));
    expect(messages).toHaveLength(2);
    expect(messages[0]).toBe(messages[1]);
  });
});
