import { clip, qcfs, trackedRelu } from '@spikeloom/neurons';
import * as v from 'valibot';

const neuronSchema = v.object({
  kind: v.literal('neuron'),
  /** The node that was replaced, whose name the neurons have. */
  path: v.string(),
  /** The activation that stood there, and its attributes. */
  from: v.picklist([qcfs.id, clip.id, trackedRelu.id]),
  attributes: v.record(v.string(), v.union([v.number(), v.array(v.number())])),
  /** The value its learnt threshold was read from, and that threshold. */
  thresholdFrom: v.string(),
  threshold: v.pipe(v.number(), v.finite(), v.gtValue(0)),
  /** The potential before the first timestep. */
  initial: v.number(),
});

const analogueSchema = v.object({
  kind: v.literal('analogue'),
  path: v.string(),
  reason: v.string(),
});

const reportSchema = v.object({
  method: v.literal('qcfs'),
  options: v.object({ initial: v.number() }),
  entries: v.array(v.variant('kind', [neuronSchema, analogueSchema])),
  warnings: v.array(v.string()),
});

/** What the QCFS conversion made of one node. */
export type QcfsEntry = Readonly<v.InferOutput<typeof neuronSchema | typeof analogueSchema>>;

/** What a QCFS conversion did, node by node. */
export interface QcfsReport {
  readonly method: 'qcfs';
  readonly options: { readonly initial: number };
  readonly entries: readonly QcfsEntry[];
  readonly warnings: readonly string[];
}

/** Whether something from a file is such a report. */
export function isQcfsReport(report: unknown): report is QcfsReport {
  return v.is(reportSchema, report);
}

/** The report of a QCFS conversion as text. */
export function formatQcfsReport(report: QcfsReport): string {
  const count = (kind: QcfsEntry['kind']): number =>
    report.entries.filter((entry) => entry.kind === kind).length;
  return [
    `qcfs: ${count('neuron')} layers of neurons, ${count('analogue')} layers left analogue`,
    ...report.entries.map((entry) =>
      entry.kind === 'neuron'
        ? `  neuron      ${entry.path}: ${entry.from} -> threshold ${round(entry.threshold)}, initial ${round(entry.initial)}`
        : `  analogue    ${entry.path}: ${entry.reason}`,
    ),
    ...report.warnings.map((warning) => `  warning     ${warning}`),
  ].join('\n');
}

function round(value: number): string {
  return value.toPrecision(4);
}
