export { expectClose, toleranceFor } from './compare.ts';
export { type ConformanceCase, conformanceCases } from './conformance.ts';
export { exampleTensor } from './example-tensor.ts';
export { gradientCases } from './gradient.ts';
