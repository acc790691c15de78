import type { Graph, Tensor } from '@spikeloom/ir';
import { loadNetwork } from './load-network.ts';
import type { NameStyle } from './name-style.ts';
import { parseVgg, vgg, type VggConfig, type VggOptions, vggStages } from './vgg.ts';

/**
 * A trained VGG: the graph of the configuration with the tensors of a checkpoint, under the names of the QCFS code
 * or of torchvision, told apart by what is there, or under those of the configuration.
 */
export function loadVgg(options: VggOptions, tensors: ReadonlyMap<string, Tensor>): Graph {
  const config = parseVgg(options);
  return loadNetwork(vgg(options), tensors, config, [{ names: {} }, torchvision(config)]);
}

/** torchvision numbers everything, activations and pooling too. */
function torchvision({ depth, norm, hidden }: VggConfig): NameStyle {
  const names: Record<string, string> = {};
  const perConvolution = norm === 'none' ? 2 : 3;
  let position = 0;
  vggStages[depth].forEach((convolutions, stage) => {
    for (let index = 0; index < convolutions; index++) {
      names[`layer${stage + 1}.${4 * index}`] = `features.${position}`;
      names[`layer${stage + 1}.${4 * index + 1}`] = `features.${position + 1}`;
      position += perConvolution;
    }
    position += 1;
  });
  for (let index = 0; index <= hidden.length; index++) {
    names[`classifier.${3 * index + 1}`] =
      hidden.length === 0 ? 'classifier' : `classifier.${3 * index}`;
  }
  return { names };
}
