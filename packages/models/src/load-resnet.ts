import type { Graph, Tensor } from '@spikeloom/ir';
import { loadNetwork } from './load-network.ts';
import type { NameStyle } from './name-style.ts';
import { resnet } from './resnet.ts';
import { parseResnet, type ResnetOptions } from './resnet-config.ts';
import type { TensorNames } from './tensor-names.ts';

/**
 * A trained ResNet: the graph of the configuration with the tensors of a checkpoint, under the names of the
 * reference code, torchvision, timm or HuggingFace, told apart by what is there, or under those of the configuration.
 */
export function loadResnet(options: ResnetOptions, tensors: ReadonlyMap<string, Tensor>): Graph {
  const config = parseResnet(options);
  const convolutions = config.bottleneck ? 3 : 2;
  return loadNetwork(resnet(options), tensors, config, [
    { names: {} },
    torchvision(config.blocks.length, convolutions),
    huggingFace(config.blocks.length, convolutions),
  ]);
}

/** torchvision and timm. */
function torchvision(stages: number, convolutions: number): NameStyle {
  const names: Record<string, string> = { 'conv1.0': 'conv1', 'conv1.1': 'bn1' };
  for (let stage = 1; stage <= stages; stage++) {
    const [ours, theirs] = [`conv${stage + 1}_x.*`, `layer${stage}.*`];
    for (let index = 0; index < convolutions; index++) {
      names[`${ours}.residual_function.${3 * index}`] = `${theirs}.conv${index + 1}`;
      names[`${ours}.residual_function.${3 * index + 1}`] = `${theirs}.bn${index + 1}`;
    }
    names[`${ours}.shortcut`] = `${theirs}.downsample`;
  }
  return { names };
}

function huggingFace(stages: number, convolutions: number): NameStyle {
  const names: Record<string, string> = {
    ...pair('conv1', 0, 'resnet.embedder.embedder'),
    fc: 'classifier.1',
  };
  for (let stage = 1; stage <= stages; stage++) {
    const [ours, theirs] = [`conv${stage + 1}_x.*`, `resnet.encoder.stages.${stage - 1}.layers.*`];
    for (let index = 0; index < convolutions; index++) {
      Object.assign(
        names,
        pair(`${ours}.residual_function`, 3 * index, `${theirs}.layer.${index}`),
      );
    }
    Object.assign(names, pair(`${ours}.shortcut`, 0, `${theirs}.shortcut`));
  }
  return { names };
}

/** A convolution and its normalisation. */
function pair(
  ours: string,
  position: number,
  theirs: string,
): TensorNames & Record<string, string> {
  return {
    [`${ours}.${position}`]: `${theirs}.convolution`,
    [`${ours}.${position + 1}`]: `${theirs}.normalization`,
  };
}
