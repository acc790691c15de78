import { timesteps } from './networks.ts';
import type { GraphResult } from './experiment.ts';
import { paretoFront, type SghormerRow } from './result.ts';

/** What the figures are based on, in a few sentences. */
export function notesOn(results: readonly GraphResult[]): string[] {
  const tried = Math.max(...results.flatMap(({ models }) => models.map((model) => model.tried)));
  return [
    'This SGHormer is an independent implementation of the idea in arXiv 2403.17656; the paper and its code were not available, and no number of the paper is reproduced.',
    tried > 1
      ? `Every network was trained once with each of ${tried} settings, the one with the best validation accuracy then as often as the table says; every run is judged at its best look at the validation part.`
      : 'Every network was trained with one setting that was fixed beforehand; every run is judged at its best look at the validation part.',
    'Energy is that of one inference over the whole graph, or over one graph of a set, of the first run: operations in 45 nm and 32-bit floating point, memory traffic left out. "Papers" counts multiply-accumulates of layers with real inputs and one accumulate per spike and target; "complete" counts every arithmetic operation.',
    'The paper claims 153 times less energy than real-number graph transformers. What that rests on could not be read; most of such a ratio against soft-max attention comes from the order of products, which "real numbers, linear order" has too, and it grows with the number of nodes.',
    `To stop a node after t of ${timesteps} timesteps, the network is run for t; its layers wait for whole trains, so a run for t + 1 starts anew.`,
  ];
}

/** Where spiking networks stand against the others on one graph, from its rows. */
export function verdictOn(title: string, rows: readonly SghormerRow[]): string {
  const front = paretoFront(rows, 'full');
  const gcn = rows.find(({ model }) => model === 'gcn');
  const dense = rows.find(({ model }) => model === 'graph-transformer');
  const spiking = rows.filter(({ firingRate }) => firingRate !== null);
  if (spiking.length === 0) return '';
  const best = spiking.reduce((a, b) => (b.accuracy > a.accuracy ? b : a));
  const points = (other: SghormerRow): string => {
    const difference = 100 * (best.accuracy - other.accuracy);
    return `${Math.abs(difference).toFixed(1)} points ${difference < 0 ? 'below' : 'above'}`;
  };
  const others = [
    ...(dense ? [`${points(dense)} the dense transformer (${dense.title})`] : []),
    ...(gcn ? [`${points(gcn)} the GCN`] : []),
  ];
  const standing =
    others.length > 0
      ? `${title}: the best spiking network (${best.title}) is ${others.join(' and ')}. `
      : `${title}. `;
  const dominates =
    gcn &&
    spiking.every((row) => gcn.accuracy >= row.accuracy && gcn.energy.full <= row.energy.full);
  const beaten = dominates
    ? 'The GCN dominates: it is at least as accurate as every spiking network and takes less energy.'
    : `Not beaten in accuracy and energy together: ${front.map((row) => row.title).join('; ')}.`;
  const thriftiest = spiking.reduce((a, b) => (perJoule(b) > perJoule(a) ? b : a));
  const thrift = `Most accuracy per joule of the spiking networks: ${thriftiest.title}.`;
  return `${standing}${beaten}${spiking.length > 1 ? ` ${thrift}` : ''}`;
}

function perJoule({ accuracy, energy }: SghormerRow): number {
  return accuracy / energy.full;
}
