import { measureRoofline } from '@spikeloom/backend-wasm';
import {
  createBuilder,
  createRandom,
  type Graph,
  linear,
  primitives,
  type Random,
  type Tensor,
  type Value,
} from '@spikeloom/ir';
import { Option } from 'commander';
import { positiveInteger, share } from '../options.ts';
import { compact, percent } from '../table.ts';
import type { BenchCase } from './bench-case.ts';
import { filled } from './filled.ts';
import { peakMemory } from './peak-memory.ts';
import { timeOperator } from './time-operator.ts';
import { benchBackend, wasmOptions, type WasmSettings } from './wasm-settings.ts';

interface KernelFlags extends WasmSettings {
  readonly only: string;
  readonly firingRate: readonly number[];
  readonly rounds: number;
}

/** A product of spikes, or of real numbers at a rate of 1, with weights. */
interface Product {
  readonly name: string;
  readonly op: string;
  /** `[rows, …]`. */
  readonly x: readonly number[];
  readonly weight: readonly number[];
  /** Multiply-accumulates of a dense product. */
  readonly products: number;
  readonly groups?: number;
}

/** Layers at the sizes they have in SpikingResformer-Ti, T = 4 folded into the rows. */
const layers: readonly Product[] = [
  {
    name: 'linear 784 x 384 -> 1536',
    op: linear.id,
    x: [784, 384],
    weight: [1536, 384],
    products: 784 * 384 * 1536,
  },
  {
    name: 'conv 1x1 384 -> 1536, 14 x 14',
    op: primitives.conv2d.id,
    x: [4, 384, 14, 14],
    weight: [1536, 384, 1, 1],
    products: 784 * 384 * 1536,
  },
  {
    name: 'conv 3x3 192 -> 192, 28 x 28',
    op: primitives.conv2d.id,
    x: [4, 192, 28, 28],
    weight: [192, 192, 3, 3],
    products: 4 * 784 * 192 * 192 * 9,
  },
  {
    name: 'conv 3x3 768 in groups of 64, 28 x 28',
    op: primitives.conv2d.id,
    x: [4, 768, 28, 28],
    weight: [768, 64, 3, 3],
    products: 4 * 784 * 768 * 64 * 9,
    groups: 12,
  },
];

/** The products of spiking layers, at several firing rates. */
export const kernelBench: BenchCase<KernelFlags> = {
  name: 'kernel',
  summary: 'products of spikes with weights at several firing rates; a rate of 1 is real numbers',
  options: [
    new Option('--only <name>', 'kernels whose name has this in it').default(''),
    new Option('--firing-rate <list>', 'the share of inputs that are spikes')
      .argParser((text: string) =>
        text.split(',').map((one) => (Number(one) === 1 ? 1 : share(one))),
      )
      .default([0.05, 0.175, 0.4, 1], '0.05,0.175,0.4,1'),
    new Option('--rounds <n>', 'passes that are timed').argParser(positiveInteger).default(5),
    ...wasmOptions,
  ],
  async run(flags, context) {
    const { threads, mode, rounds } = flags;
    const backend = benchBackend(flags);
    const memory = peakMemory();
    const roofline = await measureRoofline(() => performance.now());
    const rows = [];
    for (const layer of layers.filter(({ name }) => name.includes(flags.only))) {
      for (const firingRate of flags.firingRate) {
        const { graph, inputs } = networkOf(layer, firingRate, createRandom(1));
        const settings = { op: layer.op, backend, timesteps: 1, rounds };
        const found = await timeOperator(graph, inputs, settings, context);
        memory.sample();
        const work = firingRate * layer.products;
        const least =
          firingRate === 1
            ? (2 * work) / roofline.operationsPerSecond
            : work / roofline.additionsPerSecond;
        rows.push({
          kernel: layer.name,
          firingRate,
          ...found,
          productsPerSecond: layer.products / found.seconds,
          rooflineShare: least / found.seconds,
        });
      }
    }
    return {
      result: { backend: backend.name, threads, mode, rows, roofline, peakBytes: memory.bytes },
      tables: [
        {
          title: `${backend.name}, ${mode}, ${threads} thread`,
          head: ['kernel', 'firing rate', 'ms', 'dense MAC/s', 'of what this machine can do'],
          rows: rows.map((row) => [
            row.kernel,
            row.firingRate.toFixed(3),
            (1000 * row.seconds).toFixed(2),
            compact(row.productsPerSecond),
            percent(row.rooflineShare),
          ]),
        },
      ],
      notes: [],
    };
  },
};

function networkOf(
  { op, x: shape, weight: weightShape, groups = 1 }: Product,
  rate: number,
  random: Random,
): { readonly graph: Graph; readonly inputs: Readonly<Record<string, Tensor>> } {
  const b = createBuilder({ name: 'kernel' });
  const signal = rate === 1 ? ({ kind: 'real' } as const) : ({ kind: 'spike' } as const);
  const x = b.input('x', ['N', ...shape.slice(1)], { signal });
  const weight = b.param('weight', weightShape, {
    tensor: filled(weightShape, () => random.normal()),
  });
  b.output('out', b.mean(product(), [0]));
  const draw = rate === 1 ? () => random.normal() : () => Number(random.uniform() < rate);
  return { graph: b.build(), inputs: { x: filled(shape, draw) } };

  function product(): Value {
    if (op === linear.id) return b.apply(linear, { x, weight }, {}, 'product').out;
    const margin = (weightShape[2]! - 1) / 2;
    const padding: [number, number, number, number] = [margin, margin, margin, margin];
    return b.conv2d({ x, weight }, { padding, groups }, 'product');
  }
}
