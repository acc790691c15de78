export type { Amount, Counting, Term, Watched } from './counting.ts';
export { ecmtCounting } from './ecmt-counting.ts';
export { formatEnergy } from './format.ts';
export { fullCounting } from './full-counting.ts';
export { layersByScope, type ScopeEnergy } from './layers-by-scope.ts';
export {
  countFixed,
  createMeter,
  type EnergyReport,
  type Meter,
  type MeterOptions,
} from './meter.ts';
export { addCounts, type Counts, noCounts, type Operation, operations } from './operation.ts';
export { type EnergyProfile, horowitz45nm, priceOf } from './profile.ts';
export { sghormerCounting } from './sghormer-counting.ts';
export { sopCounting, type SopCountingOptions } from './sop-counting.ts';
export { spikingResformerCounting } from './spikingresformer-counting.ts';
