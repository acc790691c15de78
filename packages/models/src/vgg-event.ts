import * as v from 'valibot';
import type { Graph, Value } from '@spikeloom/ir';
import { lifActivation } from './activation.ts';
import { activationSchema, imageSize, networkEntries, requireNetwork } from './network-config.ts';
import { buildNetwork, type ConvOptions, type Layers } from './network-layers.ts';
import { parseConfig } from './parse-config.ts';

const eventImage = [2, 128, 128] as const;

const eventSchema = v.strictObject({
  ...networkEntries,
  image: v.optional(imageSize, [...eventImage]),
});
const gestureSchema = v.strictObject({ ...eventSchema.entries, classes: defaultClasses(11) });
const nCaltechSchema = v.strictObject({
  ...eventSchema.entries,
  classes: defaultClasses(101),
  image: v.optional(imageSize, [2, 180, 240]),
});
const spikingSchema = v.strictObject({
  ...eventSchema.entries,
  activation: v.optional(activationSchema, () => lifActivation()),
});

export type VggEventOptions = v.InferInput<typeof eventSchema>;

/**
 * The VGG for CIFAR10-DVS: nine convolutions from a 4 x 4 stem of stride 4, average pooling, one linear
 * layer. Parameter names are those of the reference code (`features.0.fwd.0.weight`, `classifier.weight`).
 *
 * Input `image` `[N, 2, 128, 128]`, the events of a timestep counted per polarity and pixel; output `logits`
 * `[N, classes]`.
 *
 * Source: reference code of arXiv 2301.09522, `VGGANN`.
 */
export function vggAnn(options: VggEventOptions = {}): Graph {
  return build('vgg-ann', parseConfig(eventSchema, options), nine);
}

/** As `vggAnn`, for N-Caltech101: `image` `[N, 2, 180, 240]`, 101 classes. */
export function vggNCaltech(options: VggEventOptions = {}): Graph {
  return build('vgg-ncaltech101', parseConfig(nCaltechSchema, options), nine);
}

/**
 * The VGG for DVS128 Gesture: six convolutions with max pooling, and a hidden layer of 512 with
 * normalisation.
 *
 * Input `image` `[N, 2, 128, 128]`; output `logits` `[N, 11]`.
 *
 * Source: reference code of arXiv 2301.09522, `VGG_Gesture`.
 */
export function vggGesture(options: VggEventOptions = {}): Graph {
  const hundreds = [128, 'pool'] as const;
  return build('vgg-gesture', parseConfig(gestureSchema, options), {
    ...nine,
    widths: [64, ...hundreds, ...hundreds, ...hundreds, ...hundreds, ...hundreds],
    pool: 'max',
    hidden: 512,
  });
}

/**
 * The VGG of direct training on CIFAR10-DVS: as `vggAnn` with an 8 x 8 stem that overlaps, and spiking unless
 * another activation is given. Parameter names are those of the reference code
 * (`features.0.fwd.module.0.weight`, `fc.module.weight`).
 *
 * Source: Deng et al. (2022), arXiv 2202.11946; reference code of arXiv 2301.09522, `VGGSNN`.
 */
export function vggSnn(options: VggEventOptions = {}): Graph {
  return build('vgg-snn', parseConfig(spikingSchema, options), {
    ...nine,
    stem: { kernel: 8, stride: 4, padding: 3, bias: true },
    names: { layer: 'fwd.module', activation: 'act', classifier: 'fc.module' },
  });
}

interface Architecture {
  readonly stem: ConvOptions;
  /** Channels of each convolution; the first is the stem's. */
  readonly widths: readonly (number | 'pool')[];
  readonly pool: 'average' | 'max';
  /** A hidden layer of this width before the classifier. */
  readonly hidden?: number;
  readonly names: {
    readonly layer: string;
    readonly activation: string;
    readonly classifier: string;
  };
}

const nine: Architecture = {
  stem: { kernel: 4, stride: 4, bias: true },
  widths: [64, 64, 128, 'pool', 256, 256, 'pool', 512, 512, 'pool', 512, 512, 'pool'],
  pool: 'average',
  names: { layer: 'fwd', activation: 'relu', classifier: 'classifier' },
};

function build(
  family: string,
  config: v.InferOutput<typeof eventSchema>,
  { stem, widths, pool, hidden, names }: Architecture,
): Graph {
  requireNetwork(config);
  return buildNetwork(family, config, (layers, image) => {
    let x: Value = image;
    widths.forEach((width, index) => {
      const id = `features.${index}`;
      if (width === 'pool') x = (pool === 'max' ? layers.maxPool : layers.avgPool)(id, x, 2);
      else {
        const options = index === 0 ? stem : { kernel: 3, padding: 1, bias: true };
        x = layers.conv(`${id}.${names.layer}.0`, x, width, options);
        x = close(layers, id, x);
      }
    });
    x = layers.flatten(`features.${widths.length}`, x);
    if (hidden !== undefined)
      x = close(layers, 'fc', layers.linear(`fc.${names.layer}.0`, x, hidden));
    return layers.linear(names.classifier, x, config.classes);
  });

  /** Normalisation and activation after the weights of a layer. */
  function close(layers: Layers, id: string, x: Value): Value {
    return layers.activation(`${id}.${names.activation}`, layers.norm(`${id}.${names.layer}.1`, x));
  }
}

function defaultClasses(count: number) {
  return v.optional(networkEntries.classes.wrapped, count);
}
