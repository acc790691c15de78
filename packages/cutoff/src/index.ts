export { accuracyPerTimestep, anytimeAccuracy } from './anytime-accuracy.ts';
export { calibrateSpikeCp, type SpikeCpOptions } from './calibrate-spike-cp.ts';
export { confidenceCutoff } from './confidence.ts';
export { confidenceRates, type ConfidenceRates, type GapStatistics } from './confidence-rates.ts';
export { calibrateEntropy, entropyCutoff } from './entropy.ts';
export { type CutoffResult, evaluateCutoff, replayCutoff } from './evaluate.ts';
export { fixedTimestep } from './fixed.ts';
export type { LabelledBatch, LabelledData } from './labelled-data.ts';
export { confidences, entropies, gaps, type Logits, predictions, surprises } from './logits.ts';
export { type OptimalCutoff, optimalCutoff } from './optimal-cutoff.ts';
export { cutoff } from './plugin.ts';
export {
  type Policy,
  type PolicyKind,
  policyOf,
  restorePolicy,
  type SavedPolicy,
  savePolicy,
  withPolicy,
} from './policy.ts';
export { type CurvePoint, policyCurve } from './policy-curve.ts';
export { costUntilExit, type RecordedRun, type RecordOptions, recordRun } from './record-run.ts';
export { runSetup, type SetupOptions } from './run-setup.ts';
export { spikeCpCutoff, type SpikeCpSettings, type SpikeCpVariant } from './spike-cp.ts';
export {
  type CollectOptions,
  collectStatistics,
  type CutoffStatistics,
  joinStatistics,
  logitStatistics,
} from './statistics.ts';
export { calibrateTopK, topKCutoff, type TopKOptions } from './top-k.ts';
export { dropoutKey, type SpikeDropoutOptions, withSpikeDropout } from './with-spike-dropout.ts';
