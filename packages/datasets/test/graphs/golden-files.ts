import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { PlanetoidFiles } from '@spikeloom/datasets';

const folder = new URL('golden/', import.meta.url);

/** A small file that Python has written. */
export function goldenFile(name: string): Uint8Array {
  const bytes = readFileSync(new URL(name, folder));
  return name.endsWith('.gz') ? gunzipSync(bytes) : bytes;
}

/** The graph of the files, as SciPy and NumPy see it. */
export const expectedGraph = JSON.parse(
  readFileSync(new URL('planetoid.json', folder), 'utf8'),
) as {
  readonly features: readonly (readonly number[])[];
  readonly labels: readonly number[];
  readonly edges: readonly (readonly [number, number])[];
  readonly index: readonly number[];
};

/** The pickles of one graph, as one version of Python writes them. */
export function planetoidFiles(version: string): PlanetoidFiles {
  const file = (part: string): Uint8Array => goldenFile(`${version}.${part}.gz`);
  return {
    y: file('y'),
    tx: file('tx'),
    ty: file('ty'),
    allx: file('allx'),
    ally: file('ally'),
    graph: file('graph'),
    'test.index': new TextEncoder().encode(`${expectedGraph.index.join('\n')}\n`),
  };
}
