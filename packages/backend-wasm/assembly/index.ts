// The kernels work in place on the linear memory of tfjs: no allocation, no static data, no runtime.
export { countNonZero } from './count-non-zero';
export { lif } from './lif';
export { multiThreshold } from './multi-threshold';
