export { fromTensor, toTensor } from './convert-dtype.ts';
export { holdsGraph, loadModel, modelFrom, saveModel, tensorsOf } from './model-file.ts';
export {
  readSafetensors,
  type SafetensorsFile,
  type StoredTensor,
  writeSafetensors,
} from './safetensors.ts';
export type { SafetensorsDtype } from './safetensors-header.ts';
