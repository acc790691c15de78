import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { readSafetensors, toTensor } from '@spikeloom/checkpoint';
import {
  type GraphData,
  graphFromTensors,
  type GraphSet,
  type NodeSplit,
  readAdjacencyText,
} from '@spikeloom/datasets';
import { SpikeloomError } from '@spikeloom/ir';

/** Reads a graph from named tensors in a file. */
export async function readGraphFile(path: string): Promise<GraphData> {
  const { tensors, metadata } = readSafetensors(await readFile(path));
  const named = [...tensors].map(([name, stored]) => [name, toTensor(name, stored)] as const);
  return graphFromTensors(basename(path, '.safetensors'), new Map(named), metadata);
}

/**
 * Reads a set of graphs from its folder: `<name>.txt` and ten folds, `10fold_idx/test_idx-1.txt` and so on. The
 * fold after the one for testing is that for validation.
 */
export async function readGraphSet(folder: string): Promise<GraphSet> {
  const name = basename(folder);
  const set = readAdjacencyText(name, await readFile(join(folder, `${name}.txt`)));
  const folds: Int32Array[] = [];
  for (let fold = 1; fold <= 10; fold++) {
    const path = join(folder, '10fold_idx', `test_idx-${fold}.txt`);
    folds.push(readMembers(path, await readFile(path, 'utf8'), set.graphs.length));
  }
  const splits = folds.map((test, index): NodeSplit => {
    const validation = folds[(index + 1) % folds.length]!;
    const others = folds.filter((fold) => fold !== test && fold !== validation);
    return { train: Int32Array.from(others.flatMap((fold) => [...fold])), validation, test };
  });
  return { ...set, splits };
}

/** The names of what a folder holds. Throws `not-found`. */
export async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    throw new SpikeloomError(
      {
        code: 'not-found',
        path: folder,
        message: 'there is no such folder of graphs',
        got: cause instanceof Error ? cause.message : String(cause),
        fix: 'leave --graphs and SPIKELOOM_GRAPHS out to use the graphs that come with Spikeloom',
      },
      { cause },
    );
  }
}

function readMembers(path: string, text: string, graphs: number): Int32Array {
  const members = text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    const member = Number(line);
    if (Number.isSafeInteger(member) && member >= 0 && member < graphs) return [member];
    throw new SpikeloomError({
      code: 'corrupt-file',
      path,
      message: `line ${index + 1} names no graph`,
      expected: `0 to ${graphs - 1}`,
      got: line,
    });
  });
  if (members.length > 0) return Int32Array.from(members);
  throw new SpikeloomError({ code: 'corrupt-file', path, message: 'the fold has no graphs' });
}
