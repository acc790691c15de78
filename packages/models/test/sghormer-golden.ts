import { type Graph, type Tensor, tensor } from '@spikeloom/ir';
import { loadSghormer, type SghormerOptions } from '@spikeloom/models';
import { type Golden, openGolden } from '../../attention/test/golden.ts';
import { bothWays } from '../../attention/test/spiking-graph-run.ts';

const common = { preset: 'large', hops: 0 } as const;

/** The recorded networks, with the options that make ours the same. */
export const recordedNetworks = {
  model_default: {
    ...common,
    features: 10,
    classes: 3,
    width: 12,
    heads: 3,
    layers: 2,
    hidden: 20,
  },
  model_pe_hops: {
    ...common,
    features: 9,
    classes: 4,
    width: 8,
    heads: 2,
    timesteps: 3,
    hidden: 12,
    encoding: 3,
    hops: 2,
    mix: 0.7,
  },
  model_membrane: {
    ...common,
    features: 8,
    classes: 3,
    width: 12,
    heads: 2,
    hidden: 16,
    rectify: 'membrane',
    neuron: { reset: null },
  },
} as const satisfies Record<string, SghormerOptions>;

export interface RecordedNetwork {
  readonly golden: Golden & { float(name: string): Tensor };
  readonly options: SghormerOptions;
  readonly graph: Graph;
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly timesteps: number;
}

export function recordedNetwork(
  name: keyof typeof recordedNetworks,
  changes: Partial<SghormerOptions> = {},
): RecordedNetwork {
  const golden = openGolden(name, new URL('golden/sghormer/', import.meta.url));
  const float = (key: string): Tensor => {
    const { shape, data } = golden.tensor(key);
    return tensor(Float32Array.from(data), shape);
  };
  const weights = golden.names.filter((key) => key.startsWith('w.'));
  const options: SghormerOptions = { ...recordedNetworks[name], ...changes };
  const x = float('in.X');
  const [nodes] = x.shape as [number, number];
  return {
    golden: { ...golden, float },
    options,
    graph: loadSghormer(options, new Map(weights.map((key) => [key.slice(2), float(key)]))),
    inputs: {
      x,
      edges: bothWays(golden.tensor('in.edge_index'), nodes),
      ...(options.encoding ? { encoding: float('in.pe') } : {}),
    },
    timesteps: options.timesteps ?? 4,
  };
}
