import * as v from 'valibot';
import { graphEntries, graphRules, graphSize } from './graph-config.ts';
import { parseConfig, requireConsistent } from './parse-config.ts';

const positive = v.pipe(v.number(), v.finite(), v.gtValue(0));
const finite = v.pipe(v.number(), v.finite());

const neuronEntries = {
  neuron: v.optional(v.picklist(['lif', 'if']), 'lif'),
  /** Membrane time constant of `lif`, in timesteps. */
  tau: v.optional(positive, 2),
  threshold: v.optional(positive, 0.5),
  comparison: v.optional(v.picklist(['>=', '>']), '>='),
  /** `null` is a soft reset. */
  reset: v.optional(v.nullable(finite), 0),
  detachReset: v.optional(v.boolean(), true),
  adaptive: v.optional(v.boolean(), false),
  growth: v.optional(finite, 0.2),
  decay: v.optional(finite, 0.7),
} as const;
const neuronSchema = v.strictObject(neuronEntries);

/** Without leak and with soft reset, so that the rate of a score grows with the coincidences of all timesteps. */
const scoreNeuronSchema = v.strictObject({
  ...neuronEntries,
  neuron: v.optional(v.picklist(['lif', 'if']), 'if'),
  threshold: v.optional(positive, 1),
  reset: v.optional(v.nullable(finite), () => null),
});

/** What a preset decides and a field may change. */
const choices = {
  /** How attention weighs nodes: by neurons on every pair, or by the products of spikes as they are. */
  scores: v.picklist(['spiking', 'linear']),
  /** Whether features become spikes before the first layer, or their embedding only after it. */
  encoder: v.picklist(['spikes', 'current']),
} as const;

const presets = {
  paper: { scores: 'spiking', encoder: 'spikes' },
  large: { scores: 'linear', encoder: 'current' },
} as const satisfies Record<string, v.InferOutput<v.StrictObjectSchema<typeof choices, undefined>>>;

export const sghormerSchema = v.strictObject({
  ...graphEntries,
  /** `paper`: attention by spiking neurons, as the paper has it; `large`: linear in nodes, for graphs of any size. */
  preset: v.optional(v.picklist(['paper', 'large']), 'paper'),
  scores: v.optional(choices.scores),
  encoder: v.optional(choices.encoder),
  /** d, channels of the residual stream. */
  width: v.optional(graphSize, 32),
  /** Attention heads; divides `width`. */
  heads: v.optional(graphSize, 2),
  layers: v.optional(graphSize, 1),
  /** T. It is part of the network: a layer waits for the whole train of the layer before. */
  timesteps: v.optional(graphSize, 4),
  /** Width inside a feed-forward block; default `2 * width`. */
  hidden: v.optional(graphSize),
  /** k, numbers of a positional encoding per node; 0 is none. */
  encoding: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0)), 0),
  /** Steps over edges inside the encoder. */
  hops: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0)), 2),
  /** The share of the global branch, from 0 to 1; the rest is the local one. */
  mix: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1)), 0.5),
  /** How rectify blocks reconstruct features. */
  rectify: v.optional(v.picklist(['rate-norm', 'rate', 'membrane', 'membrane-norm']), 'rate-norm'),
  /** Adds an output `<block>.error` for every rectify block. */
  errors: v.optional(v.boolean(), false),
  /** As of `spikingGraphAttention`. */
  order: v.optional(v.picklist(['context-first', 'map-first']), 'context-first'),
  mask: v.optional(v.picklist(['all', 'edges']), 'all'),
  edgeBias: v.optional(finite, 0),
  scale: v.optional(v.picklist(['inverse-nodes', 'inverse-root-width', 'one']), 'inverse-nodes'),
  scoreScale: v.optional(v.nullable(finite), null),
  weighting: v.optional(v.picklist(['rate', 'step']), 'rate'),
  rowBlock: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0)), 0),
  neuron: v.optional(neuronSchema, {}),
  /** The neurons of spiking scores. */
  scoreNeuron: v.optional(scoreNeuronSchema, {}),
});

export type SghormerOptions = v.InferInput<typeof sghormerSchema>;
type Parsed = v.InferOutput<typeof sghormerSchema>;
export type SghormerConfig = Omit<Parsed, keyof typeof choices | 'hidden'> &
  v.InferOutput<v.StrictObjectSchema<typeof choices, undefined>> & { readonly hidden: number };

/** Checks a configuration of unknown origin and fills in what its preset says. */
export function parseSghormer(source: unknown): SghormerConfig {
  const parsed = parseConfig(sghormerSchema, source);
  const preset = presets[parsed.preset];
  const config = {
    ...parsed,
    scores: parsed.scores ?? preset.scores,
    encoder: parsed.encoder ?? preset.encoder,
    hidden: parsed.hidden ?? 2 * parsed.width,
  };
  requireConsistent([
    ...graphRules(config),
    [config.width % config.heads === 0, 'heads', 'a divisor of width'],
    [
      config.rowBlock === 0 || config.nodes !== undefined,
      'nodes',
      'a number, to cut rows into blocks',
    ],
  ]);
  return config;
}
