import { attention, qkTokenAttention, spikeDrivenAttention, ssa } from '@spikeloom/attention';
import { type WasmBackend, wasmBackend } from '@spikeloom/backend-wasm';
import {
  type Builder,
  createBuilder,
  createRandom,
  createRegistry,
  type Graph,
  sizeOf,
  type Tensor,
  tensor,
  type Value,
} from '@spikeloom/ir';
import { lif, neurons } from '@spikeloom/neurons';
import { describe, expect, it } from 'vitest';

const registry = createRegistry([neurons, attention]);
const operators = wasmBackend({ engine: 'off' });
const engines = [1, 2].map((threads) =>
  wasmBackend({ engine: 'always', mode: 'int16', threads }),
) as [WasmBackend, WasmBackend];

const heads = 3;
const tokens = 21;
/** What is done to three values that are spikes, `[N, 21, 3 * width]`, or images of them. */
const done: Record<string, (b: Builder, x: readonly [Value, Value, Value]) => Value> = {
  ssa: (b, [q, k, v]) => b.apply(ssa, { q, k, v }, { heads, scale: 0.3 }).spikes,
  'ssa by the context': (b, [q, k, v]) =>
    b.apply(ssa, { q, k, v }, { heads, order: 'context-first' }).spikes,
  'tokens of qk': (b, [q, k]) => b.apply(qkTokenAttention, { q, k }, { heads }).spikes,
  'channels of qk': (b, [q, k]) =>
    b.apply(qkTokenAttention, { q, k }, { heads, over: 'channel' }).spikes,
  'spike-driven': (b, [q, k, v]) => b.apply(spikeDrivenAttention, { q, k, v }).spikes,
  'max-pool': (b, [x]) =>
    b.maxPool2d(imageOf(b, x), { kernel: [2, 3], stride: [1, 2], padding: [1, 0, 0, 2] }),
  flatten: (b, [x]) => b.reshape(imageOf(b, x), ['N', tokens * Number(x.type.shape[2])]),
  'flatten tokens': (b, [x]) => b.reshape(x, ['N', tokens * Number(x.type.shape[2])]),
  mean: (b, [x]) => b.mean(imageOf(b, x), [2, 3]),
  sum: (b, [x]) => b.sum(x, [1], true),
  'map of tokens': (b, [q, k]) => b.matmul(q, k, { transposeB: true }),
  'map of channels': (b, [q, k]) => b.matmul(q, k, { transposeA: true }),
};

describe.each(Object.entries(done))('in int16 mode as in float32, %s', (_, apply) => {
  it.each([
    { width: 32, samples: 1, timesteps: 1 },
    { width: 16, samples: 3, timesteps: 2 },
    { width: 48, samples: 2, timesteps: 4 },
    { width: 8, samples: 1, timesteps: 3 },
    { width: 20, samples: 2, timesteps: 2 },
  ])('$samples samples, $timesteps timesteps, heads of $width', async (size) => {
    const { graph, inputs } = networkOf(apply, size.width, size);
    const expected = await run(operators, graph, inputs, size);
    for (const engine of engines) {
      expect(await run(engine, graph, inputs, size)).toEqual(expected);
      expect(await stepwise(engine, graph, inputs, size)).toEqual([...rowsOf(expected)]);
    }
  });
});

function imageOf(b: Builder, x: Value): Value {
  const channels = Number(x.type.shape[2]);
  return b.reshape(b.transpose(x, [0, 2, 1]), ['N', channels, 3, 7]);
}

interface Size {
  readonly samples: number;
  readonly timesteps: number;
}

function networkOf(
  apply: (typeof done)[string],
  width: number,
  { samples, timesteps }: Size,
): { graph: Graph; inputs: Record<string, Tensor[]> } {
  const random = createRandom(width);
  const b = createBuilder();
  const shape = [tokens, heads * width];
  const inputs: Record<string, Tensor[]> = {};
  const values = ['q', 'k', 'v'].map((name) => {
    inputs[name] = Array.from({ length: timesteps }, () => {
      const data = new Float32Array(samples * sizeOf(shape)).map(() => random.normal());
      return tensor(data, [samples, ...shape]);
    });
    const current = b.input(name, ['N', ...shape]);
    return b.apply(lif, { current }, { threshold: 0.5 }).spikes;
  });
  b.output('out', apply(b, values as [Value, Value, Value]));
  return { graph: b.build(), inputs };
}

async function run(
  backend: WasmBackend,
  graph: Graph,
  inputs: Record<string, Tensor[]>,
  { timesteps }: Size,
): Promise<Tensor> {
  const program = await backend.compile(graph, { registry });
  const { out } = await program.run(inputs, { timesteps });
  program.dispose();
  return out!;
}

async function stepwise(
  backend: WasmBackend,
  graph: Graph,
  inputs: Record<string, Tensor[]>,
  { timesteps }: Size,
): Promise<Tensor['data'][]> {
  const program = await backend.compile(graph, { registry });
  const rows: Tensor['data'][] = [];
  for await (const { outputs } of program.steps(inputs, { timesteps }))
    rows.push(outputs['out']!.data);
  program.dispose();
  return rows;
}

function* rowsOf({ shape, data }: Tensor): Iterable<Tensor['data']> {
  const size = sizeOf(shape.slice(1));
  for (let step = 0; step < shape[0]!; step++) yield data.slice(step * size, (step + 1) * size);
}
