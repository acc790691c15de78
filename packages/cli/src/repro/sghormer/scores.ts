import type { Tensor } from '@spikeloom/ir';

/** Logits of the rows that count, with their classes. */
export interface Scored {
  /** `[rows, classes]`. */
  readonly logits: Float32Array;
  readonly labels: Int32Array;
  readonly classes: number;
}

/** Takes some rows of logits `[1, N, C]` or `[N, C]`. */
export function scoredRows(logits: Tensor, labels: Int32Array, rows: Int32Array): Scored {
  const classes = logits.shape.at(-1)!;
  const taken = new Float32Array(rows.length * classes);
  rows.forEach((row, index) => {
    for (let one = 0; one < classes; one++)
      taken[index * classes + one] = logits.data[row * classes + one]!;
  });
  return { logits: taken, labels: Int32Array.from(rows, (row) => labels[row]!), classes };
}

export function joinScored(parts: readonly Scored[]): Scored {
  return {
    logits: Float32Array.from(parts.flatMap(({ logits }) => [...logits])),
    labels: Int32Array.from(parts.flatMap(({ labels }) => [...labels])),
    classes: parts[0]?.classes ?? 0,
  };
}

/** The share of rows whose largest logit is that of their class; 0 without rows. */
export function accuracyOf({ logits, labels, classes }: Scored): number {
  let right = 0;
  labels.forEach((label, row) => {
    const own = logits.subarray(row * classes, (row + 1) * classes);
    right += Number(own.indexOf(Math.max(...own)) === label);
  });
  return labels.length === 0 ? 0 : right / labels.length;
}

/**
 * The area under the ROC curve of two classes: how often a row of class 1 has the larger margin than one of class
 * 0, ties half. Literature on some graphs reports it in place of accuracy. `undefined` unless both classes occur.
 */
export function rocAreaOf({ logits, labels, classes }: Scored): number | undefined {
  if (classes !== 2) return undefined;
  const margins = Float32Array.from(labels, (_, row) => logits[2 * row + 1]! - logits[2 * row]!);
  const order = [...labels.keys()].toSorted((a, b) => margins[a]! - margins[b]!);
  const positives = labels.reduce((sum, label) => sum + label, 0);
  const pairs = positives * (labels.length - positives);
  let ranks = 0;
  for (let start = 0; start < order.length;) {
    let end = start;
    while (end < order.length && margins[order[end]!] === margins[order[start]!]) end++;
    // Ties share the mean of the ranks start + 1 to end.
    for (let at = start; at < end; at++) ranks += labels[order[at]!]! * ((start + 1 + end) / 2);
    start = end;
  }
  return pairs === 0 ? undefined : (ranks - (positives * (positives + 1)) / 2) / pairs;
}
