import {
  type ImageBatch,
  type ImageSource,
  type Normalisation,
  normalise,
} from '@spikeloom/datasets';
import { type Graph, graphInputs, SpikeloomError, type Tensor } from '@spikeloom/ir';
import { type Preprocess, preprocessSchema } from '@spikeloom/models';
import * as v from 'valibot';
import { padImages } from './pad-images.ts';

/** Images of a data set as the input of a network. */
export interface NetworkImages {
  readonly length: number;
  readonly source: ImageSource;
  /** What the network takes, of images in some other order. */
  encode(batch: ImageBatch): Readonly<Record<string, Tensor>>;
  batches(size: number): AsyncGenerator<NetworkBatch, void, void>;
}

export interface NetworkBatch extends ImageBatch {
  readonly inputs: Readonly<Record<string, Tensor>>;
}

/** Checks that a data set fits a network and prepares its images as the model says. */
export function imagesFor(graph: Graph, source: ImageSource, count?: number): NetworkImages {
  const inputs = [...graphInputs(graph)];
  const [only] = inputs;
  if (only === undefined || inputs.length > 1) {
    throw new SpikeloomError({
      code: 'unsupported',
      path: graph.name,
      message: 'the network does not take one image',
      got: inputs.map(([name]) => name).join(', ') || 'no inputs',
    });
  }
  const [name, type] = only;
  const [channels, ...sides] = source.imageShape;
  const normalisation = normalisationOf(graph, channels);
  const { padding = 0 } = normalisation;
  const expected = type.shape.slice(1).join(' x ');
  const got = [channels, ...sides.map((side) => side + 2 * padding)].join(' x ');
  if (expected !== got) {
    throw new SpikeloomError({
      code: 'shape-mismatch',
      path: source.name,
      message: `the images do not fit the network (channels x height x width${padding > 0 ? `, with a margin of ${padding}` : ''})`,
      expected,
      got,
    });
  }
  const length = Math.min(count ?? source.length, source.length);
  const encode = (batch: ImageBatch) => ({
    [name]: normalise(padImages(batch, padding), normalisation),
  });
  return {
    length,
    source,
    encode,
    async *batches(size) {
      for await (const batch of source.batches({ size, count: length })) {
        yield { ...batch, inputs: encode(batch) };
      }
    },
  };
}

/** How the model wants pixels; from 0 to 1 if it does not say. */
export function normalisationOf(
  graph: Graph,
  channels: number,
): Normalisation & Pick<Preprocess, 'padding'> {
  const parsed = v.safeParse(preprocessSchema, graph.metadata['preprocess']);
  if (parsed.success) return parsed.output;
  const same = (value: number): number[] => Array.from({ length: channels }, () => value);
  return { scale: 1 / 255, mean: same(0), std: same(1) };
}
