import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import type { QuickstartDetails, QuickstartResult } from '../quickstart-result.ts';
import type { Raster } from '../raster.ts';

const spiking = '#2563eb';
const trained = '#6b7280';
const stopped = '#d97706';
const inhibiting = '#dc2626';

/** Accuracy at every timestep, with the trained network and the cutoff beside it. */
export function accuracyByTimestep({ ann, snn, cutoff }: QuickstartResult): string {
  return draw({
    height: 300,
    x: { label: 'timesteps', ticks: snn.map(({ timestep }) => timestep), tickFormat: 'd' },
    y: { label: 'accuracy (%)', grid: true, nice: true },
    marks: [
      Plot.ruleY([ann.accuracy * 100], { stroke: trained, strokeDasharray: '4 3' }),
      Plot.text([[snn.length, ann.accuracy * 100]], {
        text: ['trained network'],
        dy: -8,
        textAnchor: 'end',
        fill: trained,
      }),
      Plot.lineY(snn, { x: 'timestep', y: inPercent, stroke: spiking, strokeWidth: 2 }),
      Plot.dot(snn, { x: 'timestep', y: inPercent, fill: spiking, r: 4 }),
      ...(cutoff ? cutoffMark(cutoff.meanTimestep, cutoff.accuracy * 100) : []),
    ],
  });
}

/** Accuracy against energy, by both ways of counting. */
export function accuracyByEnergy({ ann, snn, cutoff }: QuickstartResult): string {
  const series = snn.flatMap((row) => [
    { counting: 'paper', energy: row.energyRatio, accuracy: row.accuracy },
    { counting: 'complete', energy: row.energyRatioFull, accuracy: row.accuracy },
  ]);
  return draw({
    height: 300,
    x: { label: "energy, as a share of the trained network's", grid: true },
    y: { label: 'accuracy (%)', grid: true, nice: true },
    color: { domain: ['paper', 'complete'], range: [spiking, '#7c3aed'], legend: false },
    marks: [
      Plot.lineY(series, { x: 'energy', y: inPercent, stroke: 'counting', strokeWidth: 2 }),
      Plot.dot(series, { x: 'energy', y: inPercent, fill: 'counting', r: 4 }),
      Plot.text(series.slice(-2), {
        x: 'energy',
        y: inPercent,
        text: 'counting',
        fill: 'counting',
        dy: 16,
        textAnchor: 'end',
      }),
      Plot.dot([{ x: 1, y: ann.accuracy * 100 }], {
        x: 'x',
        y: 'y',
        fill: trained,
        symbol: 'square',
        r: 5,
      }),
      Plot.text([{ x: 1, y: ann.accuracy * 100 }], {
        x: 'x',
        y: 'y',
        text: ['trained network'],
        fill: trained,
        dy: -10,
      }),
      ...(cutoff ? cutoffMark(cutoff.energyRatio, cutoff.accuracy * 100) : []),
    ],
  });
}

/** How many images stopped after each timestep. */
export function cutoffHistogram({ cutoff }: QuickstartResult): string {
  const bars = (cutoff?.histogram ?? []).map((images, step) => ({ timestep: step + 1, images }));
  return draw({
    height: 260,
    x: { label: 'timesteps until the answer was sure', tickFormat: 'd' },
    y: { label: 'images', grid: true },
    marks: [
      Plot.barY(bars, { x: 'timestep', y: 'images', fill: stopped }),
      Plot.text(bars, { x: 'timestep', y: 'images', text: 'images', dy: -7 }),
      Plot.ruleY([0]),
    ],
  });
}

/** Mean spikes per neuron and timestep of every neuron layer. */
export function firingRateByLayer({ firingRates }: QuickstartDetails): string {
  return draw({
    height: 40 + firingRates.length * 18,
    marginLeft: 190,
    x: { label: 'spikes per neuron and timestep', grid: true, domain: [0, 1] },
    y: { label: null, domain: firingRates.map(({ layer }) => shortName(layer)) },
    marks: [
      Plot.barX(firingRates, {
        x: 'rate',
        y: ({ layer }: { layer: string }) => shortName(layer),
        fill: spiking,
      }),
      Plot.text(firingRates, {
        x: 'rate',
        y: ({ layer }: { layer: string }) => shortName(layer),
        text: ({ rate }: { rate: number }) => rate.toFixed(2),
        textAnchor: 'start',
        dx: 4,
      }),
      Plot.ruleX([0]),
    ],
  });
}

/** The spikes of some neurons for one image: one column per timestep, one row per neuron. */
export function spikeRaster(raster: Raster, timesteps: number): string {
  const sign = ({ value }: { value: number }): string => (value > 0 ? 'positive' : 'negative');
  const longest = Math.max(...raster.layers.map((layer) => shortName(layer).length));
  return draw({
    height: 60 + raster.layers.length * 110,
    marginLeft: 30 + 6.5 * longest,
    x: { label: 'timestep', domain: [0.5, timesteps + 0.5], ticks: timesteps, tickFormat: 'd' },
    y: { axis: null, reverse: true },
    fy: { label: null, domain: raster.layers.map(shortName) },
    color: { domain: ['positive', 'negative'], range: [spiking, inhibiting] },
    r: { range: [1, 4] },
    marks: [
      Plot.frame({ stroke: '#d1d5db' }),
      Plot.dot(raster.spikes, {
        x: 'timestep',
        y: 'neuron',
        fy: ({ layer }: { layer: string }) => shortName(layer),
        r: ({ value }: { value: number }) => Math.sqrt(Math.abs(value)),
        fill: sign,
      }),
    ],
  });
}

/** The image itself, as one SVG rectangle per pixel that is not black. */
export function picture({ image, label }: Pick<Raster, 'image' | 'label'>): string {
  const cells = [...image.pixels].flatMap((grey, index) => {
    const [x, y] = [index % image.width, Math.floor(index / image.width)];
    return grey === 0
      ? []
      : [
          `<rect x="${x}" y="${y}" width="1.02" height="1.02" fill="rgb(${grey},${grey},${grey})"/>`,
        ];
  });
  return `<svg viewBox="0 0 ${image.width} ${image.height}" width="140" height="140" role="img" aria-label="${label.replaceAll('"', '')}" style="background:#000">${cells.join('')}</svg>`;
}

function inPercent({ accuracy }: { accuracy: number }): number {
  return accuracy * 100;
}

function cutoffMark(x: number, y: number): Plot.Markish[] {
  return [
    Plot.dot([{ x, y }], { x: 'x', y: 'y', fill: stopped, symbol: 'diamond', r: 7 }),
    Plot.text([{ x, y }], {
      x: 'x',
      y: 'y',
      text: ['Top-K cutoff'],
      fill: stopped,
      dy: 18,
      fontWeight: 'bold',
    }),
  ];
}

function shortName(layer: string): string {
  return layer.replace(/\.neuron$/, '');
}

export function draw(options: Plot.PlotOptions): string {
  const { document } = parseHTML('<html><body></body></html>');
  const figure = Plot.plot({
    width: 640,
    marginBottom: 44,
    style: { fontSize: '12px', background: 'none' },
    ...options,
    document,
  });
  return figure.outerHTML;
}
