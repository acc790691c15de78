import * as v from 'valibot';

/** How to find the tensors of a network in a checkpoint: what every configuration with a loader takes. */
export const checkpointEntries = {
  /**
   * Parameter or module of the network to its name in the checkpoint, before the names of known libraries; a
   * list is joined along the first axis (q, k, v), and `*` stands for one part of a name.
   */
  names: v.optional(v.record(v.string(), v.union([v.string(), v.array(v.string())])), {}),
  /** Tensors of the checkpoint that are not part of the network; `*` stands for anything. */
  ignore: v.optional(v.array(v.string()), []),
  /** `keras`: `layer/kernel` with the outputs last. */
  layout: v.optional(v.picklist(['pytorch', 'keras']), 'pytorch'),
  /** Weights stored with the outputs last, as ONNX files have them; `*` stands for anything. */
  transpose: v.optional(v.array(v.string()), []),
} as const;

const checkpointSchema = v.strictObject(checkpointEntries);

export type CheckpointConfig = v.InferOutput<typeof checkpointSchema>;
