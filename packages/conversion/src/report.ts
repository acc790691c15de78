import type { Json } from '@spikeloom/ir';
import { type EcmtReport, formatEcmtReport } from './ecmt-report.ts';
import { formatQcfsReport, isQcfsReport, type QcfsReport } from './qcfs-report.ts';

/** What a conversion did, node by node. Stored in the model under `conversion`. */
export type ConversionReport = EcmtReport | QcfsReport;

/** The report in a model's metadata, or `undefined` when the model was not converted. */
export function reportOf(metadata: Readonly<Record<string, Json>>): ConversionReport | undefined {
  const report: unknown = metadata['conversion'];
  return isEcmtReport(report) || isQcfsReport(report) ? report : undefined;
}

/** The report as text, for a terminal. */
export function formatReport(report: ConversionReport): string {
  return report.method === 'ecmt' ? formatEcmtReport(report) : formatQcfsReport(report);
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
