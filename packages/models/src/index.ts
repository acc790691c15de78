export { loadVit } from './load-vit.ts';
export { type LoadOptions, loadWeights } from './load-weights.ts';
export { vit } from './vit.ts';
export {
  parseVitConfig,
  type Preprocess,
  preprocessSchema,
  type VitConfig,
  vitConfigSchema,
  type VitOptions,
} from './vit-config.ts';
