import type { EnergyReport } from './meter.ts';
import { addCounts, type Counts, noCounts } from './operation.ts';

/** The operations of a part of a network, as of the layers of a report. */
export interface ScopeEnergy {
  readonly path: string;
  readonly counts: Counts;
  readonly picojoules: number;
}

/**
 * The layers of a report added up by stage or block: by the first `depth` parts of their paths, in the order
 * of the network. With 2, `layers.0.1.up.1` belongs to `layers.0`.
 */
export function layersByScope(report: Pick<EnergyReport, 'layers'>, depth: number): ScopeEnergy[] {
  const scopes = new Map<string, { counts: ReturnType<typeof noCounts>; picojoules: number }>();
  for (const { path, counts, picojoules } of report.layers) {
    const scope = path.split('.').slice(0, depth).join('.');
    const sum = scopes.get(scope) ?? { counts: noCounts(), picojoules: 0 };
    addCounts(sum.counts, counts);
    sum.picojoules += picojoules;
    scopes.set(scope, sum);
  }
  return [...scopes].map(([path, sum]) => ({ path, ...sum }));
}
