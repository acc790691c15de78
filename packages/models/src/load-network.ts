import type { Graph, Tensor } from '@spikeloom/ir';
import type { CheckpointConfig } from './checkpoint-config.ts';
import { type LoadOptions, loadWeights, parametersOf } from './load-weights.ts';
import { chooseStyle, type NameStyle } from './name-style.ts';

/**
 * Puts the tensors of a checkpoint into a network, under the names of whatever known library fits best and those
 * of the configuration, which come first. Counters of batches are no weights and are left out.
 *
 * @param styles the names of known libraries
 * @param reshape as of `loadWeights`
 */
export function loadNetwork(
  graph: Graph,
  tensors: ReadonlyMap<string, Tensor>,
  { names, ignore, layout, transpose }: CheckpointConfig,
  styles: readonly [NameStyle, ...NameStyle[]],
  { reshape = [] }: Pick<LoadOptions, 'reshape'> = {},
): Graph {
  const style = chooseStyle(styles, [...parametersOf(graph).keys()], tensors);
  return loadWeights(graph, tensors, {
    names: [names, style.names],
    ignore: [...ignore, ...(style.ignore ?? []), '*num_batches_tracked'],
    reshape,
    layout,
    transpose,
  });
}
