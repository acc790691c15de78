import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import {
  type GraphData,
  type GraphSet,
  karateClub,
  type OgbFiles,
  type PlanetoidFiles,
  readGnnBenchmark,
  readOgbGraphs,
  readOgbNodes,
  readPlanetoid,
  readTuCollection,
  type TuFiles,
} from '@spikeloom/datasets';
import { SpikeloomError } from '@spikeloom/ir';
import { blockModel } from '../repro/sghormer/block-model.ts';
import { readGraphFile, readGraphSet } from '../repro/sghormer/graph-files.ts';

/** Graphs that come with Spikeloom. */
const bundled: Readonly<Record<string, () => GraphData>> = {
  'karate-club': karateClub,
  'block-model': blockModel,
};

const forms =
  '.safetensors or .npz, or a folder of Planetoid (ind.<name>.x), of a TU collection (<name>_A.txt, or <name>.txt with 10fold_idx), or of the Open Graph Benchmark (raw, split)';

const endings = ['.safetensors', '.npz'] as const;

/**
 * Opens a graph whose nodes have classes, or a set of graphs that have some: one that comes with Spikeloom, by its
 * name, a file (its ending may be left out) or a folder. Throws `not-found`, or what is wrong with a file.
 */
export async function openGraph(nameOrPath: string): Promise<GraphData | GraphSet> {
  const own = Object.hasOwn(bundled, nameOrPath) ? bundled[nameOrPath] : undefined;
  if (own) return own();
  const found = await stat(nameOrPath).catch(() => undefined);
  if (found?.isFile()) return openFile(nameOrPath);
  if (found?.isDirectory()) return openFolder(nameOrPath);
  for (const ending of endings) {
    if (await stat(nameOrPath + ending).catch(() => undefined))
      return openFile(nameOrPath + ending);
  }
  throw new SpikeloomError({
    code: 'not-found',
    path: nameOrPath,
    message: 'there is no such graph',
    expected: `${Object.keys(bundled).join(', ')}, or ${forms}`,
  });
}

async function openFile(path: string): Promise<GraphData> {
  if (extname(path) === '.safetensors') return readGraphFile(path);
  if (extname(path) === '.npz')
    return readGnnBenchmark(basename(path, '.npz'), await readFile(path));
  throw unknownForm(path, extname(path));
}

async function openFolder(folder: string): Promise<GraphData | GraphSet> {
  const names = await readdir(folder);
  const planetoid = names.map((name) => /^ind\.(.+)\.graph$/.exec(name)?.[1]).find(Boolean);
  if (planetoid) return readPlanetoid(planetoid, await planetoidFiles(folder, planetoid));
  const collection = names.map((name) => /^(.+)_A\.txt$/.exec(name)?.[1]).find(Boolean);
  if (collection) return readTuCollection(collection, await tuFiles(folder, collection));
  if (names.includes('10fold_idx')) return readGraphSet(folder);
  if (names.includes('raw')) return openOgb(folder);
  const files = names.filter((name) => endings.some((ending) => name.endsWith(ending)));
  if (files.length === 1) return openFile(join(folder, files[0]!));
  throw unknownForm(folder, names.toSorted().slice(0, 10).join(', ') || 'nothing');
}

async function planetoidFiles(folder: string, name: string): Promise<PlanetoidFiles> {
  const read = (part: string): Promise<Uint8Array> => readPart(join(folder, `ind.${name}.${part}`));
  const [y, tx, ty, allx, ally, graph, index] = await Promise.all(
    ['y', 'tx', 'ty', 'allx', 'ally', 'graph', 'test.index'].map(read),
  );
  return { y: y!, tx: tx!, ty: ty!, allx: allx!, ally: ally!, graph: graph!, 'test.index': index! };
}

async function tuFiles(folder: string, name: string): Promise<TuFiles> {
  const path = (part: string): string => join(folder, `${name}_${part}.txt`);
  const [edges, indicator, labels] = await Promise.all(
    ['A', 'graph_indicator', 'graph_labels'].map((part) => readPart(path(part))),
  );
  const [nodeLabels, attributes] = await Promise.all(
    ['node_labels', 'node_attributes'].map((part) => readIfThere(path(part))),
  );
  return {
    A: edges!,
    graph_indicator: indicator!,
    graph_labels: labels!,
    ...(nodeLabels ? { node_labels: nodeLabels } : {}),
    ...(attributes ? { node_attributes: attributes } : {}),
  };
}

/** `raw/*.csv.gz`, and the first of the splits. */
async function openOgb(folder: string): Promise<GraphData | GraphSet> {
  const [scheme = ''] = await readdir(join(folder, 'split')).catch(() => []);
  const places = {
    edge: 'raw/edge',
    'num-node-list': 'raw/num-node-list',
    'num-edge-list': 'raw/num-edge-list',
    'node-feat': 'raw/node-feat',
    'node-label': 'raw/node-label',
    'graph-label': 'raw/graph-label',
    train: `split/${scheme}/train`,
    valid: `split/${scheme}/valid`,
    test: `split/${scheme}/test`,
  } as const satisfies Record<keyof OgbFiles, string>;
  const read = await Promise.all(
    Object.entries(places).map(async ([part, place]) => {
      const path = join(folder, `${place}.csv`);
      return [part, (await readIfThere(`${path}.gz`)) ?? (await readIfThere(path))] as const;
    }),
  );
  const files = Object.fromEntries(read.filter(([, bytes]) => bytes)) as Partial<OgbFiles>;
  for (const part of ['edge', 'num-node-list', 'num-edge-list'] as const) {
    if (!files[part]) await readPart(join(folder, `${places[part]}.csv.gz`));
  }
  const all = files as OgbFiles;
  const name = basename(folder);
  return files['graph-label'] ? readOgbGraphs(name, all) : readOgbNodes(name, all);
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  return (await stat(path).catch(() => undefined)) ? readFile(path) : undefined;
}

async function readPart(path: string): Promise<Uint8Array> {
  const bytes = await readIfThere(path);
  if (bytes) return bytes;
  throw new SpikeloomError({ code: 'not-found', path, message: 'a file of the graph is missing' });
}

function unknownForm(path: string, got: string): SpikeloomError {
  return new SpikeloomError({
    code: 'unsupported',
    path,
    message: 'this is no known form of a graph',
    expected: forms,
    got,
  });
}
