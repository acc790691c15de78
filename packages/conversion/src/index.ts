export { analyse, type Analysis, type Part } from './analyse.ts';
export { type Bases, calibrate, type CalibrateOptions, type CalibrationData } from './calibrate.ts';
export { compensate, type Compensation } from './compensate.ts';
export { compensatedMatmul } from './compensated-matmul.ts';
export {
  type ConversionOptions,
  type ConversionProgress,
  type ConversionSettings,
} from './conversion-options.ts';
export { convert, type Conversion, type EcmtPreset } from './convert.ts';
export { convertEcmt, type Converted, type ConvertOptions } from './convert-ecmt.ts';
export { convertQcfs, type ConvertedQcfs, type ConvertQcfsOptions } from './convert-qcfs.ts';
export { errorBounds } from './describe-neuron.ts';
export { differentialForm, differentialMatmul } from './differential.ts';
export { ecmtDefaults, type EcmtOptions } from './ecmt-options.ts';
export type { EcmtReport, ReportEntry } from './ecmt-report.ts';
export { type Expanded, expandParallel } from './expand-parallel.ts';
export {
  compensatedGelu,
  compensatedLayerNorm,
  compensatedMaxPool2d,
  compensatedRelu,
  compensatedSigmoid,
  compensatedSoftmax,
  compensatedTanh,
  conversion,
} from './plugin.ts';
export type { QcfsEntry, QcfsReport } from './qcfs-report.ts';
export { type ConversionReport, formatReport, reportOf } from './report.ts';
export { summedForm, summedMatmul } from './summed.ts';
export { sourceOf } from './source-of.ts';
export type { NeuronEntry, SpikingEntry, SpikingReport } from './spiking-report.ts';
export { findSites, type Site, type SiteRole } from './sites.ts';
