import type { EnergyReport } from './meter.ts';
import { addCounts, noCounts } from './operation.ts';

/** A report as text: totals, the costliest layers, what to know. */
export function formatEnergy(report: EnergyReport, options: { layers?: number } = {}): string {
  const {
    counting,
    profile,
    samples,
    timesteps,
    steps,
    ratios,
    meanPicojoules,
    baselinePicojoules,
  } = report;
  const total = noCounts();
  for (const step of steps) addCounts(total, step);
  const per = (count: number): string => compact(count / samples);
  const bytes = (values: number): string => `${per(values * 4)} bytes`;
  const lines = [
    `Energy, ${counting.title} (${profile.title}), mean of ${samples} samples, ${timesteps} timesteps`,
    `  accumulates ${per(total.ac)}, multiply-accumulates ${per(total.mac)}, additions ${per(total.add)}, multiplications ${per(total.multiply)}`,
    `  divisions ${per(total.divide)}, comparisons ${per(total.compare)}, special functions ${per(total.special)}`,
    `  memory traffic: states ${bytes(total.stateRead + total.stateWrite)}, weights at most ${bytes(total.ac + total.mac)} (one read per accumulation, none reused)`,
    `  energy ${((meanPicojoules.at(-1) ?? 0) / 1e6).toFixed(3)} uJ${
      baselinePicojoules > 0
        ? `, ${(ratios.at(-1) ?? 0).toFixed(3)} of the ${(baselinePicojoules / 1e6).toFixed(3)} uJ of the network it was made from`
        : ''
    }`,
  ];
  const costliest = report.layers
    .toSorted((a, b) => b.picojoules - a.picojoules)
    .slice(0, options.layers ?? 10);
  for (const { path, picojoules } of costliest) {
    lines.push(`    ${path.padEnd(32)} ${(picojoules / samples / 1e6).toFixed(4)} uJ`);
  }
  lines.push(...counting.caveats.map((caveat) => `  note: ${caveat}`));
  return lines.join('\n');
}

function compact(value: number): string {
  const units: readonly (readonly [number, string])[] = [
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ];
  for (const [size, unit] of units)
    if (value >= size) return `${(value / size).toFixed(2)} ${unit}`;
  return value.toFixed(0);
}
