import {
  anyReal,
  bool,
  type Builder,
  count,
  defineOp,
  nullable,
  oneOf,
  optionalReal,
  positive,
  real,
  realType,
  requiredReal,
  spikeType,
  surrogate,
  type Value,
  type ValueType,
} from '@spikeloom/ir';
import { surrogateDerivative } from './surrogate-derivative.ts';

/** What decides how potentials and gradients move; the same names mean the same in `@spikeloom/neurons`. */
const dynamics = {
  timesteps: count(1),
  /** Whether the current is the same at every timestep: then it has the rows of one. */
  held: bool(false),
  /** Where the leak acts: on the potential and the current, on the potential only, after the reset, or nowhere. */
  leak: oneOf('potential-and-current', 'potential', 'after-reset', 'none'),
  /** Membrane time constant, in timesteps. */
  tau: positive(2),
  threshold: positive(1),
  reset: nullable(requiredReal, 0),
  initial: real(0),
  comparison: oneOf('>=', '>'),
  surrogate: surrogate({ kind: 'atan', alpha: 2 }),
  detachReset: bool(true),
};

/** Integrate-and-fire neurons over all timesteps at once. */
export const neuronSequence = defineOp({
  id: 'spikeloom.training/neuron-sequence',
  version: 1,
  summary:
    'Integrate-and-fire neurons, leaky or not, over all timesteps; rows are step-major, [T * N, …].',
  equation:
    'per timestep: h = charge(v, current), by leak: v + (current - (v - rest)) / tau; v - (v - rest) / tau + current; v + current (twice); spikes = 1 if h comparison threshold, else 0; potential = reset where it fired (hard) or h - threshold * spikes (soft, reset null); v := potential, or rest + (potential - rest) * (1 - 1 / tau) for after-reset',
  source: 'spikeloom.neurons/if and spikeloom.neurons/lif, unrolled',
  inputs: { current: anyReal },
  attributes: dynamics,
  outputs: (
    { current },
    { timesteps, held },
  ): {
    spikes: ValueType;
    potential: ValueType;
    charged: ValueType;
  } => {
    const rows = Number(current.shape[0]) * (held ? timesteps : 1);
    const shape = [rows, ...current.shape.slice(1)];
    return { spikes: spikeType(shape), potential: realType(shape), charged: realType(shape) };
  },
  lower(b, { current }, attributes) {
    const { timesteps, held } = attributes;
    const outputs: { spikes: Value; potential: Value; charged: Value }[] = [];
    let v: Value | undefined;
    for (let step = 0; step < timesteps; step++) {
      const x = held ? current : stepOf(b, current, step, timesteps);
      const one = advance(b, x, v ?? b.constant(attributes.initial), attributes);
      v = one.next;
      outputs.push(one);
    }
    return {
      spikes: join(
        b,
        outputs.map(({ spikes }) => spikes),
      ),
      potential: join(
        b,
        outputs.map(({ potential }) => potential),
      ),
      charged: join(
        b,
        outputs.map(({ charged }) => charged),
      ),
    };
  },
  trainingScope: 'sequence',
  signalRule: 'spikes: spike; potential and charged: real',
  examples: [
    { inputs: { current: { shape: [8, 5] } }, attributes: { timesteps: 4 } },
    {
      inputs: { current: { shape: [2, 5] } },
      attributes: {
        timesteps: 3,
        held: true,
        leak: 'none',
        reset: null,
        initial: 0.5,
        detachReset: false,
      },
    },
    {
      inputs: { current: { shape: [6, 7] } },
      attributes: {
        timesteps: 3,
        leak: 'after-reset',
        tau: 10,
        comparison: '>',
        threshold: 0.5,
        detachReset: false,
      },
    },
    {
      inputs: { current: { shape: [6, 7] } },
      attributes: { timesteps: 3, leak: 'potential', tau: 3, reset: -0.1, threshold: 0.4 },
    },
  ],
});

/** The gradient of neurons over all timesteps. */
export const neuronSequenceGradient = defineOp({
  id: 'spikeloom.training/neuron-sequence-gradient',
  version: 1,
  summary: 'Back-propagation through time in neuron-sequence.',
  equation:
    'from the last timestep to the first: dm = potential_gradient + k * dv; ds = spikes_gradient (+ dm * d potential / d spikes unless detachReset); dh = charged_gradient + dm * d potential / d h + ds * surrogate(h - threshold); out = dh * d h / d current; dv := dh * d h / d v; k = 1 - 1 / tau for after-reset, else 1; a held current sums over timesteps',
  source: 'Neftci et al. (2019), arXiv 1901.09948',
  inputs: {
    charged: anyReal,
    spikes: anyReal,
    spikesGradient: anyReal,
    potentialGradient: optionalReal,
    chargedGradient: optionalReal,
  },
  attributes: dynamics,
  outputs: ({ charged }, { timesteps, held }): { out: ValueType } => ({
    out: realType([Number(charged.shape[0]) / (held ? timesteps : 1), ...charged.shape.slice(1)]),
  }),
  lower(b, { charged, spikes, spikesGradient, potentialGradient, chargedGradient }, attributes) {
    const { timesteps, held, threshold, reset, detachReset, tau, leak } = attributes;
    const toCurrent = leak === 'potential-and-current' ? 1 / tau : 1;
    const toPrevious = leak === 'potential-and-current' || leak === 'potential' ? 1 - 1 / tau : 1;
    const afterReset = leak === 'after-reset' ? 1 - 1 / tau : 1;
    const currents: Value[] = [];
    let next: Value | undefined;
    for (let step = timesteps - 1; step >= 0; step--) {
      const at = (x: Value): Value => stepOf(b, x, step, timesteps);
      const h = at(charged);
      const given = potentialGradient ? at(potentialGradient) : undefined;
      const carried = next ? b.mul(next, afterReset) : undefined;
      const dm = given && carried ? b.add(given, carried) : (given ?? carried);
      let ds = at(spikesGradient);
      let dh: Value | undefined;
      if (dm) {
        if (!detachReset) {
          const bySpike = reset === null ? -threshold : b.sub(reset, h);
          ds = b.add(ds, b.mul(dm, bySpike));
        }
        dh = reset === null ? dm : b.mul(dm, b.sub(1, at(spikes)));
      }
      const { out: slope } = b.apply(
        surrogateDerivative,
        { u: b.sub(h, threshold) },
        { surrogate: attributes.surrogate },
      );
      const fired = b.mul(ds, slope);
      dh = dh ? b.add(dh, fired) : fired;
      if (chargedGradient) dh = b.add(dh, at(chargedGradient));
      currents.unshift(b.mul(dh, toCurrent));
      next = b.mul(dh, toPrevious);
    }
    const out = held ? currents.reduce((sum, current) => b.add(sum, current)) : join(b, currents);
    return { out };
  },
  trainingScope: 'sequence',
  signalRule: 'real',
  examples: [
    {
      inputs: {
        charged: { shape: [8, 5] },
        spikes: { shape: [8, 5], fill: 'spikes' },
        spikesGradient: { shape: [8, 5] },
      },
      attributes: { timesteps: 4 },
    },
    {
      inputs: {
        charged: { shape: [6, 7] },
        spikes: { shape: [6, 7], fill: 'spikes' },
        spikesGradient: { shape: [6, 7] },
        potentialGradient: { shape: [6, 7] },
      },
      attributes: {
        timesteps: 3,
        leak: 'after-reset',
        tau: 10,
        detachReset: false,
        surrogate: { kind: 'triangle', width: 1 },
      },
    },
    {
      inputs: {
        charged: { shape: [6, 7] },
        spikes: { shape: [6, 7], fill: 'spikes' },
        spikesGradient: { shape: [6, 7] },
        potentialGradient: { shape: [6, 7] },
      },
      attributes: {
        timesteps: 3,
        held: true,
        leak: 'none',
        reset: null,
        detachReset: false,
        surrogate: { kind: 'sigmoid', alpha: 4 },
      },
    },
    {
      inputs: {
        charged: { shape: [6, 7] },
        spikes: { shape: [6, 7], fill: 'spikes' },
        spikesGradient: { shape: [6, 7] },
        chargedGradient: { shape: [6, 7] },
      },
      attributes: {
        timesteps: 3,
        leak: 'potential',
        tau: 3,
        reset: -0.1,
        threshold: 0.4,
        detachReset: false,
        surrogate: { kind: 'fast-sigmoid', slope: 2 },
      },
    },
  ],
});

type Dynamics = Parameters<NonNullable<typeof neuronSequence.lower>>[2];

/** One timestep, with the operations in the order `@spikeloom/neurons` has them. */
function advance(
  b: Builder,
  x: Value,
  v: Value,
  { leak, tau, threshold, reset, comparison, surrogate: shape, detachReset }: Dynamics,
): { spikes: Value; potential: Value; charged: Value; next: Value } {
  const rest = reset ?? 0;
  const excess = rest === 0 ? v : b.sub(v, rest);
  let charged: Value;
  if (leak === 'potential-and-current') charged = b.add(v, b.div(b.sub(x, excess), tau));
  else if (leak === 'potential') charged = b.add(b.sub(v, b.div(excess, tau)), x);
  else charged = b.add(v, x);
  const spikes = b.spike(b.sub(charged, threshold), shape, comparison);
  const fired = detachReset ? b.stopGradient(spikes) : spikes;
  const kept = b.mul(b.sub(1, fired), charged);
  const hard = rest === 0 ? kept : b.add(kept, b.mul(fired, rest));
  const potential = reset === null ? b.sub(charged, b.mul(fired, threshold)) : hard;
  if (leak !== 'after-reset') return { spikes, potential, charged, next: potential };
  const left = b.mul(rest === 0 ? potential : b.sub(potential, rest), 1 - 1 / tau);
  return { spikes, potential, charged, next: rest === 0 ? left : b.add(left, rest) };
}

function stepOf(b: Builder, x: Value, step: number, timesteps: number): Value {
  if (timesteps === 1) return x;
  const rows = Number(x.type.shape[0]) / timesteps;
  return b.slice(x, 0, step * rows, rows);
}

function join(b: Builder, steps: readonly Value[]): Value {
  return steps.length === 1 ? steps[0]! : b.concat(steps, 0);
}
