export { dssa } from './dssa.ts';
export { firingRateScale } from './firing-rate-scale.ts';
export { attention } from './plugin.ts';
export { qkTokenAttention } from './qk-token-attention.ts';
export { spikeDrivenAttention } from './spike-driven-attention.ts';
export { ssa } from './ssa.ts';
