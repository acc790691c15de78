import {
  type Graph,
  graphInputs,
  isEvent,
  type Json,
  type Problem,
  type Ref,
  SpikeloomError,
  throwProblems,
  withMetadata,
} from '@spikeloom/ir';
import { throwIfAborted } from '@spikeloom/runtime';
import { type Analysis, analyse } from './analyse.ts';
import { applySpikes, type NeuronLayout } from './apply-spikes.ts';
import { chooseThresholds, eventsOf, type Importance } from './choose-thresholds.ts';
import { codings } from './codings.ts';
import {
  type ConversionOptions,
  type ConversionSettings,
  parseSettings,
} from './conversion-options.ts';
import { convertEcmt, type Converted, type ConvertOptions } from './convert-ecmt.ts';
import {
  applyIntegrateAndFire,
  balanceThresholds,
  channelAxisOf,
  findRelus,
} from './integrate-and-fire.ts';
import { type Cells, cellsOf, layoutsOf } from './lay-out-neurons.ts';
import { measureImportance } from './measure-importance.ts';
import { countOperations, type Events, type OperationCounts } from './operation-counts.ts';
import { prepareNetwork } from './prepare-network.ts';
import { reportOf } from './report.ts';
import { measureEvents } from './run-neurons.ts';
import { type Sampled, sampleSites } from './site-samples.ts';
import { findSites, type Site } from './sites.ts';
import type { SpikingReport } from './spiking-report.ts';
import { writeReport } from './write-report.ts';

/** A converted network, and what was done. */
export interface Conversion {
  readonly graph: Graph;
  readonly report: SpikingReport;
}

/** `convertEcmt` under the name of its preset. */
export interface EcmtPreset extends Omit<ConvertOptions, 'onProgress'> {
  readonly preset: 'ecmt';
  readonly onProgress?: ConversionOptions['onProgress'];
}

/** Samples of the calibration data that converted networks are measured on. */
const measured = 64;

/**
 * Turns a trained network into a spiking one without retraining: neurons before every weighted sum and
 * product of activations, and forms that follow the coding for everything that does not commute with the
 * mean over time. Thresholds are fitted to calibration data, which the network sees once.
 *
 * The preset `spikeloom` keeps to an energy budget: see `chooseThresholds`. The preset `ecmt` is `convertEcmt`.
 *
 * A network that was converted before comes back as it is. Throws `cannot-convert` with every node it has
 * no rule for.
 */
export function convert(graph: Graph, options: EcmtPreset): Promise<Converted>;
export function convert(graph: Graph, options: ConversionOptions): Promise<Conversion>;
export function convert(
  graph: Graph,
  options: ConversionOptions | EcmtPreset,
): Promise<Conversion | Converted>;
export async function convert(
  graph: Graph,
  options: ConversionOptions | EcmtPreset,
): Promise<Conversion | Converted> {
  if (options.preset === 'ecmt') {
    const { onProgress } = options;
    return convertEcmt(graph, {
      ...options,
      onProgress: (done) => onProgress?.({ phase: 'calibrating', done }),
    });
  }
  requirePreset(options.preset);
  const earlier = reportOf(graph.metadata);
  if (earlier?.method === 'spikeloom') return { graph, report: earlier };
  const settings = parseSettings(options);
  const analysis = analyse(prepareNetwork(graph, options.registry), options.registry);
  if (settings.neuron === 'integrate-and-fire') return convertRelus(analysis, settings, options);
  const sites = requireConvertible(analysis, settings);
  const sampled = await sampleSites(analysis.graph, sites, {
    ...options,
    keep: measured,
    onProgress: (done) => options.onProgress?.({ phase: 'calibrating', done }),
  });
  const importance = settings.search
    ? await measureImportance(analysis, sites, sampled, options)
    : new Map<Ref, number>();
  const cells = cellsOf(analysis, sites, sampled, settings, (done) => {
    throwIfAborted(options.signal);
    options.onProgress?.({ phase: 'fitting', done, total: sites.length });
  });
  const operations = countOperations(analysis, sites, options.registry);
  const found = await keepToBudget(
    { analysis, sites, sampled, importance, cells, operations },
    settings,
    options,
  );
  const report = writeReport({ analysis, sampled, operations, importance, settings, ...found });
  // The report is plain data all the way down.
  return { graph: withMetadata(found.graph, { conversion: report as unknown as Json }), report };
}

/** The conversion of a ReLU network to neurons with one threshold. */
async function convertRelus(
  analysis: Analysis,
  settings: ConversionSettings,
  options: ConversionOptions,
): Promise<Conversion> {
  const { registry, onProgress } = options;
  throwProblems('cannot-convert', `graph "${analysis.graph.name}"`, analysis.problems);
  const sites = findRelus(analysis);
  if (sites.length === 0) throw nothingSpikes(analysis, 'a ReLU');
  const sampled = await sampleSites(analysis.graph, sites, {
    ...options,
    keep: measured,
    axisOf: channelAxisOf(analysis.graph),
    onProgress: (done) => onProgress?.({ phase: 'calibrating', done }),
  });
  const layouts = new Map(
    sites.map((site, index) => {
      const layout = balanceThresholds(site, sampled.samples.get(site.source)!, settings);
      onProgress?.({ phase: 'fitting', done: index + 1, total: sites.length });
      return [site.source, layout];
    }),
  );
  const graph = applyIntegrateAndFire(analysis, layouts, registry);
  const run = { ...options, inputs: sampled.kept, timesteps: settings.timesteps };
  const events = await measureEvents(graph, sites, run);
  const report = writeReport({
    analysis,
    graph,
    sampled,
    settings,
    layouts,
    events,
    operations: countOperations(analysis, sites, registry),
    importance: new Map(),
  });
  return { graph: withMetadata(graph, { conversion: report as unknown as Json }), report };
}

interface Fitted {
  readonly analysis: Analysis;
  readonly sites: readonly Site[];
  readonly sampled: Sampled;
  readonly importance: Importance;
  readonly cells: Cells;
  readonly operations: OperationCounts;
}

interface Found {
  readonly graph: Graph;
  readonly layouts: ReadonlyMap<Ref, NeuronLayout>;
  /** As they were measured. */
  readonly events: Events;
}

/**
 * Chooses thresholds and measures what they cost in the network, where more spikes follow than fitting
 * alone foresees because layers correct each other; then chooses again by as much less.
 */
async function keepToBudget(
  { analysis, sites, sampled, importance, cells, operations }: Fitted,
  settings: ConversionSettings,
  { backend, registry, signal }: ConversionOptions,
): Promise<Found> {
  const budget = settings.calibration === 'mse' ? settings.energyBudget : null;
  let foreseen = budget;
  for (let round = 0; ; round++) {
    const chosen = chooseThresholds(cells.all, importance, operations, foreseen);
    const layouts = layoutsOf(sites, cells, chosen, settings);
    const graph = applySpikes(analysis, layouts, registry, settings.coding);
    const { timesteps } = settings;
    const events = await measureEvents(graph, sites, {
      backend,
      registry,
      inputs: sampled.kept,
      timesteps,
      signal,
    });
    const energy = operations.energyOf(events);
    const isWithin = budget === null || (energy <= budget && energy >= 0.97 * budget);
    if (isWithin || round === 4) return { graph, layouts, events };
    const guessed = operations.energyOf(eventsOf(cells.all, chosen));
    // Nothing more can be spent: the least loss costs less than the budget.
    if (energy < budget && guessed < 0.99 * foreseen!) return { graph, layouts, events };
    foreseen = (0.99 * budget * guessed) / energy;
  }
}

function requirePreset(preset: string | undefined): void {
  if (preset === undefined || preset === 'spikeloom') return;
  throw new SpikeloomError({
    code: 'invalid-argument',
    path: 'convert.preset',
    message: 'there is no such preset',
    expected: '"spikeloom" or "ecmt"',
    got: JSON.stringify(preset),
  });
}

/** The sites of a network that can be converted; throws with every reason why one cannot. */
function requireConvertible(analysis: Analysis, settings: ConversionSettings): readonly Site[] {
  const { graph, parts, problems } = analysis;
  const coding = codings[settings.coding];
  const formless = graph.nodes.flatMap((node): Problem[] => {
    const part = parts.get(node.id);
    const isCovered =
      (part?.kind !== 'function' && part?.kind !== 'product') || coding.formOf(part.compensation);
    if (isCovered) return [];
    return [
      {
        code: 'cannot-convert',
        path: node.id,
        message: `${node.op} has no form for ${settings.coding} coding`,
        fix: `add one to its plugin with ${settings.coding === 'sum' ? 'summedForm' : 'differentialForm'}, or take coding "rate"`,
      },
    ];
  });
  const eventInputs = [...graphInputs(graph)].flatMap(([name, type]): Problem[] =>
    coding.carriesChanges && isEvent(type)
      ? [
          {
            code: 'cannot-convert',
            path: name,
            message: `the input is spikes, which change with time, and ${settings.coding} coding needs the same input at every timestep`,
            fix: 'coding: "rate"',
          },
        ]
      : [],
  );
  throwProblems('cannot-convert', `graph "${graph.name}"`, [
    ...problems,
    ...formless,
    ...eventInputs,
  ]);
  const sites = findSites(analysis);
  if (sites.length > 0) return sites;
  throw nothingSpikes(
    analysis,
    'at least three weighted sums one after the other, or a product of activations',
  );
}

function nothingSpikes({ graph }: Analysis, expected: string): SpikeloomError {
  return new SpikeloomError({
    code: 'cannot-convert',
    path: graph.name,
    message: 'the network has no place for neurons, so nothing would spike',
    expected,
  });
}
