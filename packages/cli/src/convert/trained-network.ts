import { tensorsOf } from '@spikeloom/checkpoint';
import { readCheckpointFile } from '@spikeloom/checkpoint/node';
import type { Graph, Tensor } from '@spikeloom/ir';
import { loadConvNet, loadResnet, loadVgg, loadVit } from '@spikeloom/models';
import { readConfig } from './read-config.ts';

/** Architectures of trained networks, by the name on the command line. */
export const trainedArchitectures = {
  vit: loadVit,
  resnet: loadResnet,
  vgg: loadVgg,
  conv: loadConvNet,
} as const;

export type TrainedArchitecture = keyof typeof trainedArchitectures;

/** Reads a trained network: its weights from a checkpoint, its shape from a configuration file. */
export async function readTrained(
  architecture: TrainedArchitecture,
  checkpoint: string,
  config: string,
): Promise<Graph> {
  const tensors = tensorsOf(await readCheckpointFile(checkpoint));
  const load = trainedArchitectures[architecture] as (
    // The loader checks every field.
    options: unknown,
    tensors: ReadonlyMap<string, Tensor>,
  ) => Graph;
  return load(await readConfig(config), tensors);
}
