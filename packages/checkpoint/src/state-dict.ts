import type { SafetensorsFile } from './safetensors.ts';

/** The tensors of a checkpoint, whatever kind of file they came from. */
export interface StateDict extends SafetensorsFile {
  /** The keys that lead to the tensors inside the file; empty where they are at its root. */
  readonly foundAt: readonly string[];
  /** Names beside the tensors that hold something else; they are left out. */
  readonly ignored: readonly string[];
}
