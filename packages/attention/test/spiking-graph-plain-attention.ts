import { type Tensor, tensor } from '@spikeloom/ir';

interface PlainOptions {
  readonly heads: number;
  readonly edges: Tensor;
  readonly scores: 'spiking' | 'linear';
  readonly weighting?: 'rate' | 'step';
  readonly mask?: 'edges';
  readonly edgeBias?: number;
  readonly threshold?: number;
}

/** Spiking graph attention pair by pair, in ordinary numbers: tau 2, hard reset, scores over sqrt(width). */
export function plainAttention(
  { q, k, v }: Readonly<Record<'q' | 'k' | 'v', Tensor>>,
  { heads, edges, scores, weighting = 'rate', mask, edgeBias = 0, threshold = 1 }: PlainOptions,
): Tensor {
  const [timesteps, nodes, columns] = q.shape as [number, number, number];
  const width = columns / heads;
  const count = edges.data.length / 2;
  const connected = new Set<string>();
  for (let edge = 0; edge < count; edge++)
    connected.add(`${edges.data[count + edge]} ${edges.data[edge]}`);
  const at = ({ data }: Tensor, step: number, node: number, column: number): number =>
    data[(step * nodes + node) * columns + column]!;
  const out = new Float32Array(timesteps * nodes * columns);
  for (let head = 0; head < heads; head++) {
    for (let query = 0; query < nodes; query++) {
      for (let key = 0; key < nodes; key++) {
        const isEdge = connected.has(`${query} ${key}`);
        if (mask && !isEdge) continue;
        const bias = isEdge && query !== key ? edgeBias : 0;
        const overlaps = Array.from({ length: timesteps }, (_, step) => {
          let sum = 0;
          for (let column = head * width; column < (head + 1) * width; column++)
            sum += at(q, step, query, column) * at(k, step, key, column);
          return sum;
        });
        const weights =
          scores === 'linear'
            ? overlaps.map((overlap) => overlap + bias)
            : fireScores(
                overlaps.map((overlap) => overlap / Math.sqrt(width) + bias),
                threshold,
                weighting,
              );
        for (let step = 0; step < timesteps; step++) {
          for (let column = head * width; column < (head + 1) * width; column++)
            out[(step * nodes + query) * columns + column]! +=
              weights[step]! * at(v, step, key, column);
        }
      }
    }
  }
  return tensor(out, q.shape);
}

function fireScores(
  currents: readonly number[],
  threshold: number,
  weighting: 'rate' | 'step',
): number[] {
  let potential = 0;
  const spikes = currents.map((current) => {
    potential += (current - potential) / 2;
    const fires = potential >= threshold;
    if (fires) potential = 0;
    return Number(fires);
  });
  if (weighting === 'step') return spikes;
  const rate = spikes.reduce((sum, spike) => sum + spike, 0) / spikes.length;
  return spikes.map(() => rate);
}
