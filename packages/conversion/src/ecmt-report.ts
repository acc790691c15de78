import type { EcmtOptions } from './ecmt-options.ts';
import type { SiteRole } from './sites.ts';

/** What ECMT made of one node. */
export type ReportEntry =
  | {
      readonly kind: 'neuron';
      readonly path: string;
      readonly role: SiteRole;
      readonly positive: number;
      readonly negative: number;
      readonly levels: number;
      /** Whether the thresholds were measured on calibration data or set by the options. */
      readonly thresholds: 'calibrated' | 'set';
      readonly feeds: readonly string[];
    }
  | {
      readonly kind: 'compensated';
      readonly path: string;
      readonly from: string;
      readonly to: string;
    }
  | { readonly kind: 'analogue'; readonly path: string; readonly reason: string };

/** What an ECMT conversion did, node by node. */
export interface EcmtReport {
  readonly method: 'ecmt';
  readonly options: Required<EcmtOptions>;
  readonly calibrationBatches: number;
  readonly entries: readonly ReportEntry[];
  readonly warnings: readonly string[];
}

/** The report of an ECMT conversion as text. */
export function formatEcmtReport(report: EcmtReport): string {
  const count = (kind: ReportEntry['kind']): number =>
    report.entries.filter((entry) => entry.kind === kind).length;
  const lines = [
    `${report.method}: ${count('neuron')} neurons, ${count('compensated')} compensated operators, ${count('analogue')} layers left analogue`,
  ];
  for (const entry of report.entries) {
    if (entry.kind === 'neuron') {
      const { role, path, positive, negative, levels, thresholds, feeds } = entry;
      lines.push(
        `  neuron      ${path} (${role}): +${round(positive)} / -${round(negative)}, ${levels} levels, ${thresholds} -> ${feeds.join(', ')}`,
      );
    } else if (entry.kind === 'compensated')
      lines.push(`  compensated ${entry.path}: ${entry.from} -> ${entry.to}`);
    else lines.push(`  analogue    ${entry.path}: ${entry.reason}`);
  }
  for (const warning of report.warnings) lines.push(`  warning     ${warning}`);
  return lines.join('\n');
}

function round(value: number): string {
  return value.toPrecision(4);
}
