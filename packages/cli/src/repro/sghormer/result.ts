import type { GraphResult, ModelResult } from './experiment.ts';
import type { Energy } from './judge.ts';
import type { ModelName } from './networks.ts';
import { accuracyOfRuns } from './runs.ts';
import { spread } from '../spread.ts';

/** How many times more energy another network takes. */
export interface Ratios {
  /** The same layout in real numbers with soft-max attention. */
  readonly softmax: number;
  /** The same layout in real numbers, in the order of products that is linear in nodes. */
  readonly denseLinear: number;
  readonly gcn: number;
}

/** One model on one graph. */
export interface SghormerRow {
  readonly graph: string;
  readonly model: ModelName;
  readonly title: string;
  /** Trainings: seeds, or splits where the data have several. */
  readonly seeds: number;
  /** On the test part, mean and standard deviation. */
  readonly accuracy: number;
  readonly std: number;
  readonly validationAccuracy: number;
  /** Area under the ROC curve, where there are two classes. */
  readonly rocArea: number | null;
  /** Spikes per neuron and timestep, mean over layers; `null` without neurons. */
  readonly firingRate: number | null;
  readonly parameters: number;
  /** Millijoules of one inference. */
  readonly energy: Energy;
  /** By the complete counting. */
  readonly ratioSoftmax: number;
  readonly ratioDenseLinear: number;
  readonly ratioGcn: number;
  /** As papers count. */
  readonly ratiosLean: Ratios;
  readonly setting: object;
  readonly secondsPerRun: number;
}

export function rowsOf(results: readonly GraphResult[]): SghormerRow[] {
  return results.flatMap((result) => result.models.map((model) => rowOf(result, model)));
}

/** The models of a graph that no other one beats in both accuracy and energy, cheapest first. */
export function paretoFront(rows: readonly SghormerRow[], counting: keyof Energy): SghormerRow[] {
  const byCost = rows.toSorted(
    (a, b) => a.energy[counting] - b.energy[counting] || b.accuracy - a.accuracy,
  );
  let best = -Infinity;
  return byCost.filter(({ accuracy }) => {
    const isBetter = accuracy > best;
    best = Math.max(best, accuracy);
    return isBetter;
  });
}

function rowOf({ task, compared }: GraphResult, result: ModelResult): SghormerRow {
  const { model, runs, setting, judgement } = result;
  const { energy, firing, parameters } = judgement;
  const accuracy = accuracyOfRuns(result);
  const ratios = (counting: keyof Energy): Ratios => ({
    softmax: compared.softmax[counting] / energy[counting],
    denseLinear: compared.denseLinear[counting] / energy[counting],
    gcn: compared.gcn[counting] / energy[counting],
  });
  const areas = runs.flatMap(({ rocArea }) => rocArea ?? []);
  const full = ratios('full');
  return {
    graph: task.id,
    model: model.name,
    title: model.title,
    seeds: runs.length,
    accuracy: accuracy.mean,
    std: accuracy.std,
    validationAccuracy: spread(runs.map(({ validationAccuracy }) => validationAccuracy)).mean,
    rocArea: areas.length === runs.length ? spread(areas).mean : null,
    firingRate: firing?.rate ?? null,
    parameters,
    energy,
    ratioSoftmax: full.softmax,
    ratioDenseLinear: full.denseLinear,
    ratioGcn: full.gcn,
    ratiosLean: ratios('lean'),
    setting,
    secondsPerRun: spread(runs.map(({ seconds }) => seconds)).mean,
  };
}
