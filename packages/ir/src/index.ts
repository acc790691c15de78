export {
  type AttributeInput,
  type Attributes,
  type AttributeSpec,
  bool,
  count,
  integer,
  integers,
  type Json,
  margins,
  nullable,
  oneOf,
  pair,
  positive,
  real,
  requiredInteger,
  requiredNonNegative,
  requiredReal,
  shape,
} from './attributes.ts';
export { Builder, type BuilderOptions, createBuilder, mapNames, type Value } from './builder.ts';
export {
  batchNorm,
  dropout,
  gelu,
  layerNorm,
  linear,
  relu,
  softmax,
  temporalBatchNorm,
} from './composites/index.ts';
export {
  describeProblem,
  type ErrorCode,
  errorCodes,
  isSpikeloomError,
  locate,
  type Problem,
  SpikeloomError,
  throwProblems,
} from './error.ts';
export {
  type Graph,
  graphInputs,
  type GraphNode,
  inputRefs,
  irVersion,
  nodeIdOf,
  type Ref,
  refOf,
  valueTypes,
  withMetadata,
} from './graph.ts';
export { graphFromJson, type GraphJson, graphToJson } from './graph-json.ts';
export {
  anyBool,
  anyInteger,
  type AnyOperator,
  anyReal,
  anyValue,
  defineOp,
  type ExampleInput,
  type InputRule,
  type InputSpec,
  manyValues,
  type NodeAttributes,
  type Operand,
  type Operands,
  type Operator,
  type OperatorExample,
  optionalReal,
  type PerName,
} from './operator.ts';
export * as primitives from './operators/index.ts';
export { gradedSignal } from './operators/spiking.ts';
export { broadcastShape, normaliseAxis } from './operators/broadcast-shape.ts';
export { deadCodeElimination, eliminateDeadCode } from './passes/eliminate-dead-code.ts';
export { batchNormFolding, foldBatchNorm } from './passes/fold-batch-norm.ts';
export { type Evaluate, foldConstants } from './passes/fold-constants.ts';
export { legalise, lowerToPrimitives } from './passes/legalise.ts';
export type { Pass } from './passes/pass.ts';
export {
  rewrite,
  type RewriteOptions,
  type RewriteSite,
  type Rewritten,
} from './passes/rewrite.ts';
export { definePlugin, type Plugin, pluginApiVersion, type PluginContributions } from './plugin.ts';
export { drawGraph, printGraph, type ScopeTree, scopeTree } from './print.ts';
export { createRandom, type Random } from './random.ts';
export { createRegistry, layerOperators, primitiveOperators, type Registry } from './registry.ts';
export { isRowWise, type TypedCall } from './row-wise.ts';
export { type InnerState, lowerAlone, statesOf } from './states-of.ts';
export { strongComponents } from './strong-components.ts';
export { type Surrogate, surrogate, surrogateDerivative } from './surrogate.ts';
export {
  allocate,
  sizeOf,
  stridesOf,
  takeRows,
  type Tensor,
  tensor,
  type TensorData,
} from './tensor.ts';
export { uniformNumbers } from './uniform-numbers.ts';
export { assertValid, hasNaN, validate } from './validate.ts';
export {
  type Dim,
  type DType,
  formatShape,
  formatType,
  isEvent,
  levelSize,
  levelsOf,
  realSignal,
  realType,
  resolveShape,
  sameShape,
  sameSignal,
  type Shape,
  type Signal,
  spikeSignal,
  spikeType,
  type ValueType,
} from './value-type.ts';
export type { Arithmetic, Contraction, ContractionOperand, Work } from './work.ts';
