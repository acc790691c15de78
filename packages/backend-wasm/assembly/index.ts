// The kernels work in place on the linear memory of tfjs: no allocation, no static data, no runtime.
export { compensatedGelu, gelu } from './activation';
export { addInto, advanceMean, emitDifference, emitProduct } from './compensation';
export { copyStrided } from './copy-strided';
export { countNonZero } from './count-non-zero';
export { gemm } from './gemm';
export { lif } from './lif';
export { multiThreshold } from './multi-threshold';
export { layerNormRows, softmaxRows } from './rows';
