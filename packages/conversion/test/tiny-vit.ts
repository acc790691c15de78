import { conversion, convertEcmt, type Converted, type EcmtOptions } from '@spikeloom/conversion';
import { createRegistry, type Graph, type Registry, type Tensor } from '@spikeloom/ir';
import { loadVit } from '@spikeloom/models';
import { neurons } from '@spikeloom/neurons';
import type { Backend } from '@spikeloom/runtime';
import { openGolden } from './golden.ts';

/** The tiny ViT of the reference code: weights, images, and all that happened in its conversions. */
export const golden = openGolden('tiny_vit');

export const registry: Registry = createRegistry([neurons, conversion]);

/** The three conversions that were recorded. The second has no decreed bases in the MLP. */
export const variants: Readonly<Record<'v0' | 'v1' | 'v2', EcmtOptions>> = {
  v0: {},
  v1: {
    linearLevels: 6,
    productLevels: 6,
    softmaxLevels: 6,
    softmaxBase: 0.02,
    fc2Bases: null,
  },
  v2: { linearLevels: 4, productLevels: 8, softmaxLevels: 5 },
};

export const image: Tensor = golden.tensor('images');

/** The trained network. */
export function trained(): Graph {
  const weights = golden.names
    .filter((name) => name.startsWith('weights.'))
    .map((name) => [name.slice('weights.'.length), golden.tensor(name)] as const);
  return loadVit(
    { image: [3, 16, 16], patch: 4, dim: 32, depth: 2, heads: 2, classes: 10 },
    new Map(weights),
  );
}

/** The network as one of the variants, calibrated on the images the reference used. */
export function convertTiny(
  backend: Backend,
  options: EcmtOptions = {},
  graph: Graph = trained(),
): Promise<Converted> {
  const data = [0, 1, 2].map((index) => ({ image: golden.tensor(`calib.images${index}`) }));
  return convertEcmt(graph, { backend, registry, data, ...options });
}

/** The sites of the reference in its order. */
export const sites: readonly string[] = JSON.parse(golden.metadata.get('sites')!) as string[];

const sources: Readonly<Record<string, string>> = {
  'attn.x_in_test': 'norm1',
  'attn.q_out_test': 'attn.q',
  'attn.k_out_test': 'attn.k',
  'attn.v_out_test': 'attn.v',
  'attn.attn_out_test': 'attn.softmax',
  'attn.x_out_test': 'attn.merged',
  'mlp.x1_in_test': 'norm2',
  'mlp.x2_in_test': 'mlp.act',
};

/** Where our network has the value that a site of the reference turns into spikes. */
export function sourceFor(site: string): string {
  const [, block, name] = /^(blocks\.\d+)\.(.*)$/.exec(site)!;
  return `${block}.${sources[name!]}`;
}

/** Where our network has the output of a compensation module of the reference. */
export function moduleFor(name: string): string {
  return name.replace(/\.at1$/, '.scores').replace(/\.at2$/, '.context');
}
