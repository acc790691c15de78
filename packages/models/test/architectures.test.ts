import { readFileSync } from 'node:fs';
import { type Graph, type GraphNode, sizeOf } from '@spikeloom/ir';
import { resnet, sewResnet, vgg, vggAnn, vggGesture, vggNCaltech, vggSnn } from '@spikeloom/models';
import { describe, expect, test } from 'vitest';

/** A layer of the reference code in words, and the shape that leaves it. */
type Layer = readonly [string, readonly number[]];

const recorded = JSON.parse(
  readFileSync(new URL('golden/architectures.json', import.meta.url), 'utf8'),
) as { readonly model: string; readonly params: number; readonly layers: readonly Layer[] }[];

const ours: Readonly<Record<string, Graph>> = {
  'vgg11 (10 classes)': vgg({ depth: 11 }),
  'vgg16 (10 classes)': vgg({ depth: 16 }),
  'resnet18 for 32x32/64x64 input (10 classes)': resnet({ depth: 18 }),
  'resnet34 for 224x224 input (1000 classes)': resnet({
    depth: 34,
    image: [3, 224, 224],
    classes: 1000,
  }),
  'vggann (CIFAR10-DVS, 10 classes)': vggAnn(),
  'vgg-gesture (DVS128 Gesture, 11 classes)': vggGesture(),
  'vgg-ncaltech101 (101 classes)': vggNCaltech(),
  'vggsnn (2-channel 128x128, 10 classes, [T,N,...] layout)': vggSnn(),
  'sew_resnet18 (ADD, 10 classes, [T,N,...] layout)': sewResnet({ depth: 18 }),
};

describe('an architecture is that of the reference code', () => {
  test.each(recorded)('$model', ({ model, params, layers }) => {
    const graph = ours[model]!;
    // Modules of the reference flatten in different places.
    const isLayer = ([what]: Layer): boolean => what !== 'flatten';
    expect(graph.nodes.flatMap((node) => describeNode(node, graph)).filter(isLayer)).toEqual(
      layers.map(withoutBatch).filter(isLayer),
    );
    expect(countParameters(graph)).toBe(params);
  });

  test('and none is missing here', () => {
    expect(Object.keys(ours).toSorted()).toEqual(recorded.map(({ model }) => model).toSorted());
  });
});

describe('the number of parameters is the published one', () => {
  test.each([
    // torchvision's ResNets for 224 x 224 and 1000 classes.
    ['resnet18', 11689512, resnet({ depth: 18, image: [3, 224, 224], classes: 1000 })],
    ['resnet50', 25557032, resnet({ depth: 50, image: [3, 224, 224], classes: 1000 })],
    ['resnet101', 44549160, resnet({ depth: 101, image: [3, 224, 224], classes: 1000 })],
    ['resnet152', 60192808, resnet({ depth: 152, image: [3, 224, 224], classes: 1000 })],
    // The spiking form has the same weights.
    ['sew_resnet34', 21797672, sewResnet({ depth: 34, image: [3, 224, 224], classes: 1000 })],
    ['sew_resnet50', 25557032, sewResnet({ depth: 50, image: [3, 224, 224], classes: 1000 })],
    // He et al. (2015), table 6: 0.27 M with shortcuts of zeros; the 1 x 1 shortcuts add 2752.
    ['resnet20', 269722 + 2752, resnet({ depth: 20 })],
    // torchvision's VGGs with batch normalisation.
    ['vgg13', 133053736, vgg({ depth: 13, image: [3, 224, 224], classes: 1000 })],
    ['vgg19', 143678248, vgg({ depth: 19, image: [3, 224, 224], classes: 1000 })],
  ] as const)('of %s', (_, expected, graph) => {
    expect(countParameters(graph)).toBe(expected);
  });
});

function countParameters(graph: Graph): number {
  return graph.nodes
    .filter(({ op }) => op === 'spikeloom/param')
    .reduce((sum, { outputs }) => sum + sizeOf(outputs['out']!.shape as readonly number[]), 0);
}

/** Shapes of the reference begin with the batch, or with the timesteps and the batch. */
function withoutBatch([what, shape]: Layer): Layer {
  return [what, shape.slice(what === 'LIF' ? 2 : 1)];
}

/** A node in the words of the recording; nothing for what is no layer there. */
function describeNode(node: GraphNode, graph: Graph): Layer[] {
  const words = wordsFor[node.op];
  if (!words) return [];
  const [type] = Object.values(node.outputs);
  return [[words(node, graph), (type!.shape as readonly number[]).slice(1)]];
}

const wordsFor: Readonly<Record<string, (node: GraphNode, graph: Graph) => string>> = {
  'spikeloom/conv2d': ({ inputs, attributes }, graph) => {
    const [filters, channels, kernel] = shapeOf(graph, inputs['weight']);
    const [stride] = attributes['stride'] as number[];
    const [padding] = attributes['padding'] as number[];
    // The reference says "valid" for its stems of 4 x 4.
    const margin = padding === 0 && kernel === 4 ? 'valid' : padding;
    const hasBias = inputs['bias'] ? 'True' : 'False';
    return `conv ${channels}->${filters} k${kernel} s${stride} pad ${margin} bias=${hasBias}`;
  },
  'spikeloom/linear': ({ inputs }, graph) => {
    const [outputs, features] = shapeOf(graph, inputs['weight']);
    return `linear ${features}->${outputs} bias=${inputs['bias'] ? 'True' : 'False'}`;
  },
  'spikeloom/batch-norm': ({ inputs }, graph) => `batchnorm ${shapeOf(graph, inputs['weight'])[0]}`,
  'spikeloom/relu': () => 'ACT',
  'spikeloom.neurons/lif': () => 'LIF',
  'spikeloom/avg-pool2d': ({ attributes }) => `avgpool ${(attributes['kernel'] as number[])[0]}`,
  'spikeloom/max-pool2d': ({ attributes }) => {
    const [kernel, stride, padding] = ['kernel', 'stride', 'padding'].map(
      (name) => (attributes[name] as number[])[0],
    );
    return `maxpool ${kernel} s${stride} p${padding}`;
  },
  'spikeloom/mean': () => 'global avgpool',
  'spikeloom/reshape': () => 'flatten',
};

function shapeOf(graph: Graph, ref: unknown): readonly number[] {
  return graph.nodes.find(({ id }) => id === ref)!.outputs['out']!.shape as readonly number[];
}
