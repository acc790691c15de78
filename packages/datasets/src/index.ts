export { readCifar } from './cifar.ts';
export { fashionMnistClasses, fashionMnistNormalisation } from './fashion-mnist.ts';
export { type IdxArray, readIdx } from './idx.ts';
export {
  type BatchOptions,
  type ImageBatch,
  imagesInMemory,
  type ImageSource,
  type Normalisation,
  normalise,
} from './image-source.ts';
export { fashionMnistSample } from './sample.ts';
