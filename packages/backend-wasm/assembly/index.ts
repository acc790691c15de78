// The kernels work in place on the linear memory of tfjs: no allocation, no static data, no runtime.
export { compensatedGelu, gelu } from './activation';
export { batchNorm, batchNormStatistics, batchNormStatisticsGradient } from './batch-norm';
export { compare, select } from './choice';
export { addInto, advanceMean, emitDifference, emitProduct } from './compensation';
export { copyStrided } from './copy-strided';
export { countNonZero } from './count-non-zero';
export { listPlaneEvents, listWindowEvents } from './events';
export { gatherTaps, gatherWindows } from './gather';
export { gemm } from './gemm';
export { isFinite } from './is-finite';
export { lif } from './lif';
export { multiThreshold } from './multi-threshold';
export { neuronSequence } from './neuron-sequence';
export { neuronSequenceGradient } from './neuron-sequence-gradient';
export { packFilters, panelsFromPlanes, planesFromPanel } from './panels';
export { maxPoolGradient, meanPoolGradient, pool } from './pooling';
export { layerNormRows, softmaxRows } from './rows';
