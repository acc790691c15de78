export { type CutoffResult, evaluateCutoff, replayCutoff } from './evaluate.ts';
export { fixedTimestep } from './fixed.ts';
export {
  collectGaps,
  type GapStatistics,
  gapStatistics,
  type LabelledBatch,
  type LabelledData,
} from './gap-statistics.ts';
export { cutoff } from './plugin.ts';
export {
  gaps,
  type Policy,
  type PolicyKind,
  predictions,
  restorePolicy,
  type SavedPolicy,
  savePolicy,
} from './policy.ts';
export { calibrateTopK, topKCutoff, type TopKOptions } from './top-k.ts';
