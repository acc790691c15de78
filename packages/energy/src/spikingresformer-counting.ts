import type { Counting } from './counting.ts';
import { sopCounting } from './sop-counting.ts';

const synaptic = sopCounting();

/**
 * How the SpikingResformer paper and its code count: `sopCounting()`, by its name there, with what is known
 * of its figures.
 *
 * Source: Shi et al. (2024), CVPR, arXiv 2403.14302; `SOPMonitor` of its reference code.
 */
export const spikingResformerCounting: Counting = {
  ...synaptic,
  id: 'spikingresformer',
  title: 'as the SpikingResformer paper counts',
  caveats: [
    'the first convolution and the classifier are left out by name, the two layers with real inputs; papers of the Spikformer line count the former as multiply-accumulates (sopCounting with realLayers)',
    'every published figure is 0.9 pJ per synaptic operation and nothing else',
    ...synaptic.caveats.slice(1),
  ],
};
