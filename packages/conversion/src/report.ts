import type { Json } from '@spikeloom/ir';
import { type EcmtReport, formatEcmtReport } from './ecmt-report.ts';
import { formatQcfsReport, isQcfsReport, type QcfsReport } from './qcfs-report.ts';
import { formatSpikingReport, isSpikingReport, type SpikingReport } from './spiking-report.ts';

/** What a conversion did, node by node. Stored in the model under `conversion`. */
export type ConversionReport = EcmtReport | QcfsReport | SpikingReport;

/** The report in a model's metadata, or `undefined` when the model was not converted. */
export function reportOf(metadata: Readonly<Record<string, Json>>): ConversionReport | undefined {
  const report: unknown = metadata['conversion'];
  return isEcmtReport(report) || isQcfsReport(report) || isSpikingReport(report)
    ? report
    : undefined;
}

/** The report as text, for a terminal. */
export function formatReport(report: ConversionReport): string {
  if (report.method === 'ecmt') return formatEcmtReport(report);
  return report.method === 'qcfs' ? formatQcfsReport(report) : formatSpikingReport(report);
}

function isEcmtReport(report: unknown): report is EcmtReport {
  return (
    typeof report === 'object' &&
    report !== null &&
    'method' in report &&
    report.method === 'ecmt' &&
    'entries' in report
  );
}
