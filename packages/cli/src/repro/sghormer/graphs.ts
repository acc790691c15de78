import { join } from 'node:path';
import { karateClub } from '@spikeloom/datasets';
import { SpikeloomError } from '@spikeloom/ir';
import { blockModel } from './block-model.ts';
import type { ClassifierTask, Plan } from './classifier-task.ts';
import { namesIn, readGraphFile, readGraphSet } from './graph-files.ts';
import { nodeTask } from './node-task.ts';
import { setTask } from './set-task.ts';

/** A task that can be opened. */
export interface KnownGraph {
  readonly id: string;
  open(): ClassifierTask | Promise<ClassifierTask>;
}

/** Few labels and many features, as of papers and their words. */
const citations: Plan = {
  epochs: 120,
  every: 5,
  patience: 30,
  dropouts: [0.5, 0.7],
  decay: 5e-4,
  runs: 10,
};
/** Half of all nodes have labels. */
const dense: Plan = { ...citations, dropouts: [0, 0.3], decay: 0 };

/** What comes with Spikeloom. */
const bundled: readonly KnownGraph[] = [
  {
    id: 'karate-club',
    open: () =>
      nodeTask(karateClub(), {
        id: 'karate-club',
        title: 'Karate club',
        rowSums: false,
        plan: { ...citations, epochs: 40, dropouts: [0], decay: 0 },
      }),
  },
  {
    id: 'block-model',
    open: () =>
      nodeTask(blockModel(), {
        id: 'block-model',
        title: 'Stochastic block model',
        rowSums: false,
        plan: { ...citations, epochs: 60, dropouts: [0, 0.3], decay: 0 },
      }),
  },
];

interface FileGraph {
  readonly id: string;
  readonly title: string;
  /** In the folder of graphs. */
  readonly file: string;
  readonly plan: Plan;
  readonly rowSums?: boolean;
  /** Of a set: graphs in a batch. */
  readonly batch?: number;
}

/** What may be in a folder, in the order in which it is run. */
const files: readonly FileGraph[] = [
  {
    id: 'cora',
    title: 'Cora',
    file: 'cora.safetensors',
    plan: citations,
    rowSums: true,
  },
  {
    id: 'mutag',
    title: 'MUTAG',
    file: 'tu/MUTAG',
    plan: { ...dense, epochs: 60, every: 2, patience: 20 },
    batch: 32,
  },
  {
    id: 'citeseer',
    title: 'CiteSeer',
    file: 'citeseer.safetensors',
    plan: citations,
    rowSums: true,
  },
  {
    id: 'minesweeper',
    title: 'Minesweeper',
    file: 'minesweeper.safetensors',
    plan: dense,
  },
  {
    id: 'facebook_pages',
    title: 'Facebook pages',
    file: 'facebook_pages.safetensors',
    plan: { ...citations, epochs: 60, patience: 30, runs: 3 },
    rowSums: true,
  },
  {
    id: 'proteins',
    title: 'PROTEINS',
    file: 'tu/PROTEINS',
    plan: { ...dense, epochs: 20, every: 1, patience: 8 },
    batch: 64,
  },
];

/** Every name that `--only` takes. */
export const graphNames: readonly string[] = [...files, ...bundled].map(({ id }) => id);

/**
 * The graphs of a folder that are known here; without a folder those that come with Spikeloom.
 *
 * @param only by name; by default all that are there. Throws `not-found` for one that is not.
 */
export async function findGraphs(
  folder: string | undefined,
  only?: readonly string[],
): Promise<readonly KnownGraph[]> {
  const found = folder === undefined ? bundled : await findFiles(folder);
  const missing = only?.find((name) => !found.some(({ id }) => id === name));
  if (missing === undefined) return found.filter(({ id }) => only?.includes(id) ?? true);
  throw new SpikeloomError({
    code: 'not-found',
    path: missing,
    message: `the graph is not ${folder === undefined ? 'one that comes with Spikeloom' : `in ${folder}`}`,
    expected: found.map(({ id }) => id).join(', '),
    ...(folder === undefined ? { fix: 'give the folder that has it: --graphs <folder>' } : {}),
  });
}

async function findFiles(folder: string): Promise<readonly KnownGraph[]> {
  const names = new Set(await namesIn(folder));
  if (names.has('tu')) {
    for (const name of await namesIn(join(folder, 'tu'))) names.add(`tu/${name}`);
  }
  const found = files.filter(({ file }) => names.has(file));
  if (found.length > 0) return found.map((one) => ({ id: one.id, open: () => open(folder, one) }));
  throw new SpikeloomError({
    code: 'not-found',
    path: folder,
    message: 'the folder has none of the graphs that this experiment knows',
    expected: files.map(({ file }) => file).join(', '),
    got: [...names].join(', ') || 'nothing',
  });
}

async function open(
  folder: string,
  { id, title, file, plan, rowSums = false, batch }: FileGraph,
): Promise<ClassifierTask> {
  const path = join(folder, file);
  return batch === undefined
    ? nodeTask(await readGraphFile(path), { id, title, rowSums, plan })
    : setTask(await readGraphSet(path), { id, title, plan, batch });
}
