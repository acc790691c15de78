import { cpuBackend } from '@spikeloom/backend-cpu';
import { createRandom, createRegistry, type Graph, tensor, type Tensor } from '@spikeloom/ir';
import { convNet, loadConvNet, loadResnet, loadVgg, resnet, vgg } from '@spikeloom/models';
import { traces } from '@spikeloom/runtime';
import { describe, expect, test } from 'vitest';

const registry = createRegistry();
const small = { blocks: [1, 1], width: 4, image: [3, 8, 8], classes: 3 } satisfies Parameters<
  typeof resnet
>[0];

const numbers = (...shape: number[]): Tensor => {
  const random = createRandom(9);
  const length = shape.reduce((size, dim) => size * dim, 1);
  return tensor(
    Array.from({ length }, () => random.normal()),
    shape,
  );
};

async function run(graph: Graph, image: Tensor, ids: readonly string[]) {
  const program = await cpuBackend().compile(graph, { registry });
  const seen = traces(ids);
  await program.run({ image }, { timesteps: 1, taps: seen.taps });
  return ids.map((id) => seen.read().get(id)!);
}

describe('a ResNet', () => {
  const trained = resnet({ ...small, seed: 1 });

  test.each([
    [
      'torchvision',
      (id: string) =>
        id
          .replace(/^conv1\.0/, 'conv1')
          .replace(/^conv1\.1/, 'bn1')
          .replace(/^conv(\d)_x/, (_, stage) => `layer${Number(stage) - 1}`)
          .replace('residual_function.0', 'conv1')
          .replace('residual_function.1', 'bn1')
          .replace('residual_function.3', 'conv2')
          .replace('residual_function.4', 'bn2')
          .replace('shortcut', 'downsample'),
    ],
    [
      'HuggingFace',
      (id: string) =>
        id
          .replace(/^conv1\.0/, 'resnet.embedder.embedder.convolution')
          .replace(/^conv1\.1/, 'resnet.embedder.embedder.normalization')
          .replace(
            /^conv(\d)_x\.(\d)\./,
            (_, stage, block) => `resnet.encoder.stages.${Number(stage) - 2}.layers.${block}.`,
          )
          .replace('residual_function.0', 'layer.0.convolution')
          .replace('residual_function.1', 'layer.0.normalization')
          .replace('residual_function.3', 'layer.1.convolution')
          .replace('residual_function.4', 'layer.1.normalization')
          .replace('shortcut.0', 'shortcut.convolution')
          .replace('shortcut.1', 'shortcut.normalization')
          .replace(/^fc/, 'classifier.1'),
    ],
  ])('is found under the names of %s', (_, rename) => {
    const stored = new Map([...trained.weights].map(([id, weight]) => [rename(id), weight]));
    // What counts batches is no weight.
    stored.set(rename('conv1.1.num_batches_tracked'), tensor([7], [], 'int32'));
    // But for the classifier.
    expect([...stored.keys()].filter((name) => trained.weights.has(name)).length).toBeLessThan(3);
    expect(loadResnet(small, stored).weights).toEqual(trained.weights);
  });

  test('with option-A shortcuts passes every second pixel between channels of zeros', async () => {
    const graph = resnet({ ...small, shortcut: 'option-a', seed: 1 });
    expect([...graph.weights.keys()].filter((name) => name.includes('shortcut'))).toEqual([]);
    const [before, after] = await run(graph, numbers(2, 3, 8, 8), [
      'conv2_x.0.relu',
      'conv3_x.0.shortcut',
    ]);
    expect(after!.shape).toEqual([1, 2, 8, 4, 4]);
    const at = ({ data, shape }: Tensor, n: number, c: number, y: number, x: number): number =>
      data[((n * shape[2]! + c) * shape[3]! + y) * shape[4]! + x]!;
    expect(new Set(before!.data).size).toBeGreaterThan(100);
    for (let n = 0; n < 2; n++) {
      for (let c = 0; c < 8; c++) {
        for (let place = 0; place < 16; place++) {
          const [y, x] = [Math.floor(place / 4), place % 4];
          const expected = c < 2 || c >= 6 ? 0 : at(before!, n, c - 2, 2 * y, 2 * x);
          expect(at(after!, n, c, y, x)).toBe(expected);
        }
      }
    }
  });

  test('with shortcuts that are not normalised has one kernel there', () => {
    const graph = resnet({ ...small, shortcut: 'bare-projection', bias: true });
    const ids = graph.nodes.map(({ id }) => id).filter((id) => id.includes('shortcut'));
    expect(ids).toEqual([
      'conv3_x.0.shortcut.0.weight',
      'conv3_x.0.shortcut.0.bias',
      'conv3_x.0.shortcut.0',
    ]);
  });

  test('with the padding of TensorFlow begins a stride at the first pixel', async () => {
    const graph = resnet({ ...small, padding: 'same-upper' });
    const strided = graph.nodes.find(({ id }) => id === 'conv3_x.0.residual_function.0')!;
    expect(strided.attributes).toMatchObject({ stride: [2, 2], padding: [0, 1, 0, 1] });
    const odd = resnet({ ...small, image: [3, 9, 8], padding: 'same-upper' });
    expect(
      odd.nodes.find(({ id }) => id === 'conv3_x.0.residual_function.0')!.attributes['padding'],
    ).toEqual([1, 1, 0, 1]);
  });

  test('has a depth or blocks and a width', () => {
    expect(() => resnet({ blocks: [1] })).toThrow(
      expect.objectContaining({ code: 'invalid-argument', path: 'config.depth' }),
    );
    expect(resnet({ blocks: [3, 3, 3], width: 16 })).toEqual(resnet({ depth: 20 }));
  });
});

describe('a convolutional network', () => {
  const options = {
    image: [1, 12, 12],
    channels: [2, 3],
    kernel: [5, 3],
    padding: 'none',
    norm: 'none',
    bias: false,
    hidden: [5, 4],
    classes: 3,
  } satisfies Parameters<typeof convNet>[0];

  test('may have no normalisation, no bias, other kernels and more hidden layers', () => {
    const shapes = [...convNet({ ...options, seed: 1 }).weights].map(([id, { shape }]) => [
      id,
      shape,
    ]);
    expect(Object.fromEntries(shapes)).toEqual({
      'conv0.weight': [2, 1, 5, 5],
      'conv1.weight': [3, 2, 3, 3],
      'fc0.weight': [5, 3],
      'fc1.weight': [4, 5],
      'fc2.weight': [3, 4],
    });
  });

  test('is found under other names', () => {
    const { weights } = convNet({ ...options, seed: 1 });
    const stored = new Map([...weights].map(([id, weight]) => [`net.${id}`, weight]));
    const names = { 'conv0.weight': 'net.conv0.weight', conv1: 'net.conv1', fc0: 'net.fc0' };
    const rest = { fc1: 'net.fc1', fc2: 'net.fc2' };
    expect(loadConvNet({ ...options, names: { ...names, ...rest } }, stored).weights).toEqual(
      weights,
    );
  });

  test('of Keras reads pixel by pixel what convolutions give', async () => {
    const plain = { ...options, image: [1, 20, 20] as [number, number, number], hidden: [] };
    const image = numbers(1, 1, 20, 20);
    const [pooled] = await run(convNet({ ...plain, seed: 1 }), image, ['pool1']);
    const [flat] = await run(convNet({ ...plain, layout: 'keras', seed: 1 }), image, ['flatten']);
    const [channels, pixels] = [3, pooled!.data.length / 3];
    expect(pixels).toBe(9);
    expect([...flat!.data]).toEqual(
      [...flat!.data].map(
        (_, index) => pooled!.data[(index % channels) * pixels + Math.floor(index / channels)],
      ),
    );
  });

  test('has as many kernels as convolutions', () => {
    expect(() => convNet({ ...options, kernel: [3] })).toThrow(
      expect.objectContaining({ code: 'invalid-argument', path: 'config.kernel' }),
    );
  });
});

describe('a VGG', () => {
  test.each([
    ['with', 'batch-norm', 3],
    ['without', 'none', 2],
  ] as const)('%s normalisation is found under the names of torchvision', (_, norm, step) => {
    const options = { depth: 11, norm, pool: 'max', hidden: [6], classes: 3 } satisfies Parameters<
      typeof vgg
    >[0];
    let position = 0;
    const modules = new Map<string, string>();
    [1, 1, 2, 2, 2].forEach((count, stage) => {
      for (let index = 0; index < count; index++) {
        modules.set(`layer${stage + 1}.${4 * index}`, `features.${position}`);
        modules.set(`layer${stage + 1}.${4 * index + 1}`, `features.${position + 1}`);
        position += step;
      }
      position += 1;
    });
    modules.set('classifier.1', 'classifier.0').set('classifier.4', 'classifier.3');
    const parameters = vgg(options).nodes.filter(({ op }) => /param|buffer/.test(op));
    const stored = new Map(
      parameters.map(({ id, outputs }): [string, Tensor] => {
        const [module, kind] = [id.slice(0, id.lastIndexOf('.')), id.slice(id.lastIndexOf('.'))];
        const shape = outputs['out']!.shape as readonly number[];
        const data = new Float32Array(shape.reduce((size, dim) => size * dim, 1));
        return [`${modules.get(module)!}${kind}`, { shape, dtype: 'float32', data }];
      }),
    );
    const { weights } = loadVgg(options, stored);
    expect(weights.size).toBe(parameters.length);
    // Each has the very numbers that were stored for it.
    const names = [...stored];
    parameters.forEach(({ id }, index) =>
      expect(weights.get(id)!.data).toBe(names[index]![1].data),
    );
  });
});
