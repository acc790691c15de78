import {
  type Graph,
  type GraphNode,
  inputRefs,
  mapNames,
  nodeIdOf,
  type Problem,
  type Ref,
  refOf,
  type Registry,
  valueTypes,
} from '@spikeloom/ir';
import { clip, qcfs, trackedRelu } from '@spikeloom/neurons';
import { timeProblem } from './time-problem.ts';

/** An activation that becomes neurons. */
export interface QcfsSite {
  readonly node: GraphNode;
  readonly thresholdFrom: Ref;
  readonly threshold: number;
}

/** A network trained with QCFS, looked at with the conversion's eyes. */
export interface QcfsAnalysis {
  /** By node id. */
  readonly sites: ReadonlyMap<string, QcfsSite>;
  /** Nodes that neither are linear nor become neurons, but see the input alone. */
  readonly beforeNeurons: readonly GraphNode[];
  /** Weighted sums whose result reaches neurons or outputs, and which of those they read and reach. */
  readonly sums: readonly {
    readonly node: GraphNode;
    readonly readsNeurons: boolean;
    readonly reachesNeurons: boolean;
  }[];
  readonly problems: readonly Problem[];
}

/** Finds the activations that become neurons and everything that does not commute with the mean over time. */
export function analyseQcfs(graph: Graph, registry: Registry): QcfsAnalysis {
  const types = valueTypes(graph);
  const varying = new Set<Ref>();
  const afterNeurons = new Set<Ref>();
  const sites = new Map<string, QcfsSite>();
  const beforeNeurons: GraphNode[] = [];
  const sums: GraphNode[] = [];
  const problems: Problem[] = [];
  for (const node of graph.nodes) {
    const op = registry.operator(node.op);
    const outputs = Object.keys(node.outputs).map((output) => refOf(node, output));
    const becomesNeurons = activations.includes(node.op);
    // An activation may have been trained with other levels at every step; as neurons it has none.
    const timely = becomesNeurons
      ? undefined
      : timeProblem(
          node,
          op,
          mapNames(node.inputs, (ref) => types.get(ref)!),
        );
    if (timely) problems.push(timely);
    const names = Object.entries(node.inputs)
      .filter(([, refs]) => [refs].flat().some((ref) => varying.has(ref)))
      .map(([name]) => name);
    if (names.length === 0 && node.op !== 'spikeloom/input') continue;
    for (const ref of outputs) varying.add(ref);
    const isLinear = op.affineIn?.some((group) => names.every((name) => group.includes(name)));
    const readsNeurons = inputRefs(node).some((ref) => afterNeurons.has(ref));
    if (becomesNeurons) {
      const site = siteAt(node, graph, varying);
      if ('threshold' in site) sites.set(node.id, site);
      else problems.push(site);
    } else if (names.length > 0 && !isLinear && !timely) {
      if (readsNeurons) problems.push(notLinear(node, names));
      else beforeNeurons.push(node);
    }
    if (op.synaptic) sums.push(node);
    if (readsNeurons || becomesNeurons) {
      for (const ref of outputs) afterNeurons.add(ref);
    }
  }
  const reached = reachesNeurons(graph);
  return {
    sites,
    beforeNeurons,
    sums: sums.map((node) => ({
      node,
      readsNeurons: inputRefs(node).some((ref) => afterNeurons.has(ref)),
      reachesNeurons: reached.has(node.id),
    })),
    problems,
  };
}

const activations: readonly string[] = [qcfs.id, clip.id, trackedRelu.id];

function siteAt(node: GraphNode, graph: Graph, varying: ReadonlySet<Ref>): QcfsSite | Problem {
  const thresholdFrom = String(node.inputs['threshold']);
  const source = graph.nodes.find(({ id }) => id === nodeIdOf(thresholdFrom))!;
  const stored = graph.weights.get(source.id)?.data[0];
  const constant = source.op === 'spikeloom/constant' ? source.attributes['value'] : undefined;
  const threshold = Number(stored ?? constant ?? Number.NaN);
  if (threshold > 0 && Number.isFinite(threshold)) return { node, thresholdFrom, threshold };
  const isKnown = stored !== undefined || constant !== undefined;
  return {
    code: 'cannot-convert',
    path: thresholdFrom,
    message: `the threshold of ${node.id} is not ${isKnown ? 'greater than zero' : 'a stored number'}`,
    ...(isKnown ? { expected: '> 0', got: `${threshold}` } : {}),
    fix: isKnown
      ? 'train on, or leave the activation out: it is zero everywhere'
      : varying.has(thresholdFrom)
        ? 'a threshold may not depend on the input'
        : 'load the trained weights before converting',
  };
}

function notLinear(node: GraphNode, names: readonly string[]): Problem {
  return {
    code: 'cannot-convert',
    path: node.id,
    message: `${node.op} reads what neurons emit and is not linear in ${names.join(', ')}, so it does not commute with the mean over time`,
    fix: 'train with average pooling instead of max pooling, and with qcfs or clip as the only activation',
  };
}

/** The nodes whose result an activation reads, directly or not. */
function reachesNeurons(graph: Graph): Set<string> {
  const reached = new Set<string>();
  for (const node of graph.nodes.toReversed()) {
    if (!reached.has(node.id) && !activations.includes(node.op)) continue;
    for (const ref of inputRefs(node)) reached.add(nodeIdOf(ref));
  }
  return reached;
}
