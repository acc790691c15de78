import {
  type Graph,
  isEvent,
  type Json,
  type Registry,
  rewrite,
  SpikeloomError,
  throwProblems,
  type Value,
  valueTypes,
  withMetadata,
} from '@spikeloom/ir';
import { integrateAndFire } from '@spikeloom/neurons';
import { analyseQcfs, type QcfsAnalysis, type QcfsSite } from './analyse-qcfs.ts';
import type { QcfsEntry, QcfsReport } from './qcfs-report.ts';
import { reportOf } from './report.ts';

export interface ConvertQcfsOptions {
  readonly registry: Registry;
  /** The potential before the first timestep, as a share of the threshold, from 0 to 1. Default 0.5. */
  readonly initial?: number;
}

export interface ConvertedQcfs {
  readonly graph: Graph;
  readonly report: QcfsReport;
}

/**
 * Turns a network trained with QCFS (or clipped) activations into a spiking one: every activation becomes
 * integrate-and-fire neurons with its learnt threshold, soft reset and strict comparison, which emit their
 * threshold; everything else stays, batch normalisation included. The same input at every timestep then
 * gives outputs whose mean approaches that of the trained network.
 *
 * Source: Bu et al. (2022), arXiv 2303.04347; choices of the reference code of arXiv 2301.09522.
 *
 * A network that was converted before comes back as it is. Throws `cannot-convert` with every node that
 * stands in the way: other activations, max pooling, thresholds that are not positive.
 */
export function convertQcfs(graph: Graph, options: ConvertQcfsOptions): ConvertedQcfs {
  const { registry, initial = 0.5 } = options;
  const earlier = reportOf(graph.metadata);
  if (earlier?.method === 'qcfs') return { graph, report: earlier };
  if (!(initial >= 0 && initial <= 1)) {
    throw new SpikeloomError({
      code: 'invalid-argument',
      path: 'convertQcfs.initial',
      message: 'the initial potential is a share of the threshold',
      expected: 'from 0 to 1',
      got: `${initial}`,
    });
  }
  const analysis = analyseQcfs(graph, registry);
  throwProblems('cannot-convert', `graph "${graph.name}"`, analysis.problems);
  if (analysis.sites.size === 0) {
    throw new SpikeloomError({
      code: 'cannot-convert',
      path: graph.name,
      message: 'the network has no activation that can become neurons',
      expected: 'qcfs or clip of @spikeloom/neurons',
    });
  }
  const { graph: spiking } = rewrite(graph, registry, {
    replace: ({ node, inputs, builder }) => {
      const site = analysis.sites.get(node.id);
      if (!site) return undefined;
      const { spikes } = builder.apply(
        integrateAndFire,
        { current: inputs['x'] as Value },
        {
          threshold: site.threshold,
          reset: null,
          initial: initial * site.threshold,
          comparison: '>',
          output: 'threshold',
        },
        node.id,
      );
      return { out: spikes };
    },
  });
  const report: QcfsReport = {
    method: 'qcfs',
    options: { initial },
    entries: entriesOf(spiking, analysis, initial),
    warnings: analysis.beforeNeurons.map(
      ({ id, op }) =>
        `${id}: ${op} is not linear and stays as it is, which is right while the input is the same at every timestep`,
    ),
  };
  // The report is plain data all the way down.
  return { graph: withMetadata(spiking, { conversion: report as unknown as Json }), report };
}

/** What became of each activation and each weighted sum, in the order of the network. */
function entriesOf(spiking: Graph, analysis: QcfsAnalysis, initial: number): QcfsEntry[] {
  const types = valueTypes(spiking);
  const sums = new Map(analysis.sums.map((sum) => [sum.node.id, sum]));
  return spiking.nodes.flatMap((node): QcfsEntry[] => {
    const site = analysis.sites.get(node.id);
    if (site) return [neuronEntry(site, initial)];
    const sum = sums.get(node.id);
    if (!sum) return [];
    const analogue = (reason: string): QcfsEntry[] => [{ kind: 'analogue', path: node.id, reason }];
    if (!sum.readsNeurons)
      return analogue('it reads the input, which is given as real numbers at every timestep');
    if (!isEvent(types.get(String(node.inputs['x']))!))
      return analogue('it reads sums or means of spikes, which are real numbers');
    return sum.reachesNeurons ? [] : analogue('no neurons follow: its result is the output');
  });
}

function neuronEntry({ node, threshold, thresholdFrom }: QcfsSite, initial: number): QcfsEntry {
  return {
    kind: 'neuron',
    path: node.id,
    from: node.op,
    // Attributes of these activations are numbers and lists of them.
    attributes: node.attributes as Readonly<Record<string, number | number[]>>,
    thresholdFrom,
    threshold,
    initial: initial * threshold,
  };
}
