export { readCheckpoint } from './checkpoint.ts';
export { fromTensor, toTensor } from './convert-dtype.ts';
export { holdsGraph, loadModel, modelFrom, saveModel, tensorsOf } from './model-file.ts';
export { type PyTorchOptions, readPyTorch } from './pytorch/read-pytorch.ts';
export {
  readSafetensors,
  type SafetensorsFile,
  type StoredTensor,
  writeSafetensors,
} from './safetensors.ts';
export type { SafetensorsDtype } from './safetensors-header.ts';
export type { StateDict } from './state-dict.ts';
