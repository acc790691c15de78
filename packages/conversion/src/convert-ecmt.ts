import {
  type Graph,
  type GraphNode,
  type Json,
  nodeIdOf,
  type Ref,
  type Registry,
  rewrite,
  SpikeloomError,
  throwProblems,
  type Value,
  withMetadata,
} from '@spikeloom/ir';
import { multiThreshold } from '@spikeloom/neurons';
import { type Analysis, analyse } from './analyse.ts';
import { type Bases, calibrate, type CalibrateOptions } from './calibrate.ts';
import {
  ecmtDefaults,
  type EcmtOptions,
  fixedBases,
  levelsFor,
  requireKnownChoices,
} from './ecmt-options.ts';
import type { EcmtReport, ReportEntry } from './ecmt-report.ts';
import { reportOf } from './report.ts';
import { findSites, type Site, spikingOperands } from './sites.ts';

export interface ConvertOptions extends EcmtOptions, Omit<CalibrateOptions, 'percentile'> {}

export interface Converted {
  readonly graph: Graph;
  readonly report: EcmtReport;
}

/**
 * Turns a trained network into a spiking one without retraining: multi-threshold neurons before every
 * weighted sum and product of activations, expectation compensation for everything that does not commute
 * with the mean over time. Thresholds come from calibration data that the network sees once.
 *
 * Source: ECMT (arXiv 2502.21193), following its reference code.
 *
 * A network that was converted before comes back as it is. Throws `cannot-convert` with every node it has
 * no rule for.
 */
export async function convertEcmt(graph: Graph, options: ConvertOptions): Promise<Converted> {
  const earlier = reportOf(graph.metadata);
  if (earlier?.method === 'ecmt') return { graph, report: earlier };
  const settings = { ...ecmtDefaults, ...onlySettings(options) };
  requireKnownChoices(settings);
  const analysis = analyse(graph, options.registry);
  throwProblems('cannot-convert', `graph "${graph.name}"`, analysis.problems);
  const sites = findSites(analysis);
  const open = sites.filter(({ role }) => !fixedBases(role, settings));
  let batches = 0;
  const measured = await calibrate(
    graph,
    open.map(({ source }) => source),
    {
      ...options,
      percentile: settings.percentile,
      onProgress: (count) => {
        batches = count;
        options.onProgress?.(count);
      },
    },
  );
  return applyEcmt(analysis, sites, measured, options.registry, settings, batches);
}

/** Rewrites a network with the thresholds that were found. */
function applyEcmt(
  analysis: Analysis,
  sites: readonly Site[],
  measured: ReadonlyMap<Ref, Bases>,
  registry: Registry,
  settings: Required<EcmtOptions>,
  calibrationBatches: number,
): Converted {
  const warnings: string[] = [];
  const neurons = new Map(
    sites.map((site) => {
      const decreed = fixedBases(site.role, settings);
      const bases = decreed ?? usableBases(site, measured, warnings);
      return [
        site.source,
        { site, ...bases, levels: levelsFor(site.role, settings), decreed: decreed !== undefined },
      ];
    }),
  );
  const spikes = new Map<Ref, Value>();
  const { graph } = rewrite(analysis.graph, registry, {
    replace: ({ node, op, inputs, builder, translate }) => {
      const part = analysis.parts.get(node.id)!;
      const spiking = (ref: Ref): Value | undefined => {
        const neuron = neurons.get(ref);
        if (!neuron?.site.consumers.includes(node.id)) return undefined;
        const { positive, negative, levels, site } = neuron;
        const made =
          spikes.get(ref) ??
          builder.apply(
            multiThreshold,
            { current: translate(ref) },
            { positive, negative, levels, edge: settings.edge, base: settings.base },
            site.neuron,
          ).spikes;
        spikes.set(ref, made);
        return made;
      };
      const operands = spikingOperands(node, analysis);
      const given = { ...inputs };
      for (const name of operands) given[name] = spiking(String(node.inputs[name])) ?? given[name];
      const replacement =
        part.kind === 'function' || part.kind === 'product' ? part.compensation.by : op;
      return builder.apply(replacement, given, node.attributes, node.id);
    },
  });
  const report: EcmtReport = {
    method: 'ecmt',
    options: settings,
    calibrationBatches,
    entries: analysis.graph.nodes.flatMap((node) => reportNode(node, analysis, neurons)),
    warnings,
  };
  // The report is plain data all the way down.
  return { graph: withMetadata(graph, { conversion: report as unknown as Json }), report };
}

/** A base that is not positive would fire at any potential: it is replaced by a small one, with a warning. */
function usableBases(site: Site, measured: ReadonlyMap<Ref, Bases>, warnings: string[]): Bases {
  const found = measured.get(site.source);
  if (!found) {
    throw new SpikeloomError({
      code: 'invalid-argument',
      path: site.source,
      message: 'the site was not calibrated',
    });
  }
  const largest = Math.max(found.positive, found.negative, 0);
  const usable = (base: number, sign: string): number => {
    if (base > 0) return base;
    const small = largest * 1e-4;
    warnings.push(
      largest === 0
        ? `${site.neuron}: no value differed from zero in calibration, so it never fires`
        : `${site.neuron}: the ${sign} percentile was ${base}, replaced by ${small}`,
    );
    return small;
  };
  return {
    positive: usable(found.positive, 'positive'),
    negative: usable(found.negative, 'negative'),
  };
}

function reportNode(
  node: GraphNode,
  analysis: Analysis,
  neurons: ReadonlyMap<
    Ref,
    { site: Site; positive: number; negative: number; levels: number; decreed: boolean }
  >,
): ReportEntry[] {
  const part = analysis.parts.get(node.id)!;
  const entries: ReportEntry[] = [];
  for (const [source, { site, positive, negative, levels, decreed }] of neurons) {
    if (nodeIdOf(source) !== node.id) continue;
    const thresholds = decreed ? 'set' : 'calibrated';
    entries.push({
      kind: 'neuron',
      path: site.neuron,
      role: site.role,
      positive,
      negative,
      levels,
      thresholds,
      feeds: site.consumers,
    });
  }
  if (part.kind === 'function' || part.kind === 'product') {
    entries.unshift({
      kind: 'compensated',
      path: node.id,
      from: node.op,
      to: part.compensation.by.id,
    });
  } else if (part.kind === 'synaptic' && part.analogue) {
    const reason =
      part.analogue === 'input'
        ? 'it reads the input, which is given as real numbers at every timestep'
        : 'it is the last layer and reads real numbers, as in the reference';
    entries.unshift({ kind: 'analogue', path: node.id, reason });
  }
  return entries;
}

function onlySettings(options: ConvertOptions): EcmtOptions {
  return Object.fromEntries(
    Object.entries(options).filter(
      ([name, value]) => Object.hasOwn(ecmtDefaults, name) && value !== undefined,
    ),
  );
}
