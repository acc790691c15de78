import {
  type Graph,
  lowerToPrimitives,
  nodeIdOf,
  type Registry,
  sizeOf,
  type Tensor,
} from '@spikeloom/ir';
import type { Observation, Tap } from '@spikeloom/runtime';
import type { Amount, Counting, Term, Watched } from './counting.ts';
import { type Counts, noCounts, type Operation } from './operation.ts';
import { type EnergyProfile, horowitz45nm, priceOf } from './profile.ts';

export interface MeterOptions {
  readonly registry: Registry;
  /** The ways of counting to apply, all in one run. */
  readonly countings: readonly Counting[];
  readonly profile?: EnergyProfile;
  /** The network the spiking one was made from, for countings that compare with all of it. */
  readonly source?: Graph;
}

/** What one way of counting found. */
export interface EnergyReport {
  readonly counting: Pick<Counting, 'id' | 'title' | 'caveats'>;
  readonly profile: EnergyProfile;
  readonly samples: number;
  readonly timesteps: number;
  /** Operations of all samples, by layer, added up over timesteps. */
  readonly layers: readonly {
    readonly path: string;
    readonly counts: Counts;
    readonly picojoules: number;
  }[];
  /** Operations of all samples at each timestep. */
  readonly steps: readonly Counts[];
  /** Picojoules of every sample at every timestep: `[samples * timesteps]`, 0 after a sample has left. */
  readonly perSample: Float64Array;
  /** One run of the network it is compared with, for one sample, in picojoules; 0 if there is none. */
  readonly baselinePicojoules: number;
  /** Picojoules up to and including timestep t, averaged over samples; by t from 1. */
  readonly meanPicojoules: readonly number[];
  /** The same as a share of the baseline. */
  readonly ratios: readonly number[];
}

/** Counts the operations of runs through taps. */
export interface Meter {
  /** Values inside operators that must be visible: pass it to `compile`. */
  readonly expose: readonly string[];
  /** The taps for one run over the next `samples` samples. */
  start(samples: number): Tap[];
  /** What was found so far, one report for each way of counting. */
  report(): EnergyReport[];
}

/** Makes a meter for a graph. Give its taps to every run, then ask for the report. */
export function createMeter(graph: Graph, options: MeterOptions): Meter {
  const { registry, countings, source, profile = horowitz45nm } = options;
  const ledgers = countings.map(
    (counting) => new Ledger(counting, counting.terms(graph, registry), profile),
  );
  const watched = new Map<string, Watched>();
  for (const ledger of ledgers) {
    for (const value of ledger.watched) watched.set(keyOf(value), value);
  }
  if (watched.size === 0) {
    // Nothing depends on activity; an output still tells how many steps and samples there were.
    const value: Watched = { at: Object.values(graph.outputs)[0]!, keep: [0] };
    watched.set(keyOf(value), value);
  }
  // States are visible wherever they are; other values inside an operator only when it is lowered.
  const visible = new Set([
    ...graph.nodes.map(({ id }) => id),
    ...lowerToPrimitives(graph, registry)
      .graph.nodes.filter(({ op }) => op === 'spikeloom/state')
      .map(({ id }) => id),
  ]);
  let samples = 0;
  return {
    expose: [...watched.values()].map(({ at }) => at).filter((at) => !visible.has(nodeIdOf(at))),
    start(count) {
      const offset = samples;
      samples += count;
      const collector = new Map<number, Map<string, Tensor>>();
      const observe = (value: Watched) => (observation: Observation) => {
        const { step } = observation;
        const seen = collector.get(step) ?? new Map<string, Tensor>();
        collector.set(step, seen);
        seen.set(keyOf(value), observation.value);
        if (seen.size < watched.size) return;
        collector.delete(step);
        const rows = observation.samples.map((sample) => sample + offset);
        for (const ledger of ledgers) ledger.record(step, rows, (one) => seen.get(keyOf(one))!);
      };
      return [...watched.values()].map((value) => ({
        at: value.at,
        countNonZero: { keep: value.keep },
        observe: observe(value),
      }));
    },
    report: () =>
      ledgers.map((ledger) =>
        ledger.report(samples, priceBaseline(ledger.counting, graph, source, registry, profile)),
      ),
  };
}

/** The operations of a network that needs no run to be counted: one without spikes. */
export function countFixed(terms: readonly Term[]): Counts {
  const counts = noCounts();
  for (const { operation, amount } of terms)
    if (amount.kind === 'fixed') counts[operation] += amount.count;
  return counts;
}

function priceBaseline(
  counting: Counting,
  graph: Graph,
  source: Graph | undefined,
  registry: Registry,
  profile: EnergyProfile,
): number {
  return priceOf(countFixed(counting.baseline(graph, source, registry)), profile);
}

/** The books of one way of counting. */
class Ledger {
  readonly counting: Counting;
  readonly watched: readonly Watched[];
  readonly #terms: readonly Term[];
  readonly #profile: EnergyProfile;
  readonly #layers = new Map<string, Record<Operation, number>>();
  readonly #steps: Record<Operation, number>[] = [];
  /** Picojoules by sample, then step. */
  readonly #samples: number[][] = [];

  constructor(counting: Counting, terms: readonly Term[], profile: EnergyProfile) {
    this.counting = counting;
    this.#terms = terms;
    this.#profile = profile;
    this.watched = terms.flatMap(({ amount }) =>
      amount.kind === 'events'
        ? [amount.events]
        : amount.kind === 'pairs'
          ? [amount.left, amount.right]
          : [],
    );
  }

  record(step: number, samples: readonly number[], read: (value: Watched) => Tensor): void {
    const stepCounts = (this.#steps[step] ??= noCounts());
    const energy = new Float64Array(samples.length);
    for (const { layer, operation, amount, when } of this.#terms) {
      if (when === (step === 0 ? 'later' : 'run')) continue;
      const counts = countPerSample(amount, samples.length, read);
      let total = 0;
      const price =
        operation === 'stateRead' || operation === 'stateWrite'
          ? 0
          : this.#profile.picojoules[operation];
      counts.forEach((count, row) => {
        total += count;
        energy[row]! += count * price;
      });
      stepCounts[operation] += total;
      const layerCounts = this.#layers.get(layer) ?? noCounts();
      this.#layers.set(layer, layerCounts);
      layerCounts[operation] += total;
    }
    samples.forEach((sample, row) => {
      (this.#samples[sample] ??= [])[step] = energy[row]!;
    });
  }

  report(samples: number, baseline: number): EnergyReport {
    const timesteps = this.#steps.length;
    const perSample = new Float64Array(samples * timesteps);
    this.#samples.forEach((steps, sample) =>
      perSample.set(
        Float64Array.from(steps, (energy) => energy ?? 0),
        sample * timesteps,
      ),
    );
    const meanPicojoules: number[] = [];
    let sum = 0;
    for (let step = 0; step < timesteps; step++) {
      for (let sample = 0; sample < samples; sample++) sum += perSample[sample * timesteps + step]!;
      meanPicojoules.push(sum / samples);
    }
    return {
      counting: this.counting,
      profile: this.#profile,
      samples,
      timesteps,
      layers: [...this.#layers].map(([path, counts]) => ({
        path,
        counts,
        picojoules: priceOf(counts, this.#profile),
      })),
      steps: this.#steps,
      perSample,
      baselinePicojoules: baseline,
      meanPicojoules,
      ratios: meanPicojoules.map((energy) => (baseline === 0 ? NaN : energy / baseline)),
    };
  }
}

/** How often an operation happens for each row of a batch. */
function countPerSample(
  amount: Amount,
  rows: number,
  read: (value: Watched) => Tensor,
): Float64Array {
  const counts = new Float64Array(rows);
  if (amount.kind === 'fixed') return counts.fill(amount.count);
  if (amount.kind === 'events') {
    const { shape, data } = read(amount.events);
    const width = sizeOf(shape) / rows;
    const { fanOut } = amount;
    for (let index = 0; index < data.length; index++) {
      const reach = typeof fanOut === 'number' ? fanOut : fanOut.data[index % fanOut.data.length]!;
      counts[Math.floor(index / width)]! += data[index]! * reach;
    }
    return counts;
  }
  const [left, right] = [read(amount.left).data, read(amount.right).data];
  const width = left.length / rows;
  for (let index = 0; index < left.length; index++) {
    counts[Math.floor(index / width)]! += left[index]! * right[index]!;
  }
  return counts;
}

function keyOf({ at, keep }: Watched): string {
  return `${at} ${keep.join()}`;
}
