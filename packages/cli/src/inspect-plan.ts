import {
  type NumberMode,
  type PlanDescription,
  type PlannedStage,
  wasmBackend,
} from '@spikeloom/backend-wasm';
import type { Graph } from '@spikeloom/ir';
import { registry } from './options.ts';
import { formatTable } from './table.ts';

export interface PlanFlags {
  readonly timesteps: number;
  readonly batch: number;
  readonly mode: NumberMode;
  readonly mermaid?: boolean;
  readonly json: boolean;
}

/** How the engine would run a graph, as a table, a Mermaid flow chart or JSON. */
export async function planOf(
  graph: Graph,
  { timesteps, batch, mode, mermaid, json }: PlanFlags,
): Promise<string> {
  const backend = wasmBackend({ mode, threads: 1 });
  const plan = await backend.explain(graph, { registry, samples: batch, timesteps });
  if (json) return `${JSON.stringify({ timesteps, batch, mode, plan: plan ?? null })}\n`;
  if (!plan) {
    return 'Nothing in this graph is driven by spikes: every operator runs by its own kernel.\n';
  }
  return mermaid ? drawPlan(plan) : printPlan(plan, { timesteps, batch, mode });
}

function printPlan(
  plan: PlanDescription,
  { timesteps, batch, mode }: Pick<PlanFlags, 'timesteps' | 'batch' | 'mode'>,
): string {
  const rows = plan.stages.map(({ kernel, path, nodes, runs, bytes }, index) => [
    String(index + 1),
    path,
    kernel,
    nodes.length > 1 ? `${nodes.length} nodes` : '',
    runs === 'once' ? 'once' : `${timesteps} timesteps`,
    kibibytes(bytes),
  ]);
  // Every kernel has one reason, but operators each have their own.
  const reasons = plan.stages.map(({ kernel, why }) => `  ${kernel}: ${why}`);
  return [
    `T = ${timesteps}, batch of ${batch}, ${mode}`,
    formatTable(['', 'path', 'kernel', 'fuses', 'runs', 'KiB'], rows),
    ...new Set(reasons),
    `${kibibytes(plan.bytes)} KiB for a run, values packed; ${kibibytes(plan.weightBytes)} KiB of weights`,
    '',
  ].join('\n');
}

function drawPlan({ stages }: PlanDescription): string {
  const box = ({ kernel, path, bytes }: PlannedStage, index: number): string =>
    `  s${index}["${path}<br/>${kernel}, ${kibibytes(bytes)} KiB"]`;
  const arrows = stages.slice(1).map((_, index) => `  s${index} --> s${index + 1}`);
  return `${['flowchart TB', ...stages.map(box), ...arrows].join('\n')}\n`;
}

function kibibytes(bytes: number): string {
  return (bytes / 1024).toFixed(0);
}
