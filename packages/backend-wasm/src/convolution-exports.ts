/** What `assembly/index.ts` exports for convolutions and linear layers; `KernelExports` has the rest. */
export interface ConvolutionExports {
  gatherTaps(
    starts: number,
    channels: number,
    groups: number,
    taps: number,
    tapCount: number,
    panel: number,
    sums: number,
  ): void;
  gatherWindowPairs(
    starts: number,
    windowStep: number,
    rowStep: number,
    span: number,
    windows: number,
    height: number,
    width: number,
    kernelHeight: number,
    weights: number,
    weightStep: number,
    full: number,
    out: number,
  ): void;
  gatherWindows(
    starts: number,
    windowStep: number,
    rowStep: number,
    span: number,
    windows: number,
    height: number,
    width: number,
    kernelHeight: number,
    weights: number,
    weightStep: number,
    out: number,
  ): void;
  integerRows(
    x: number,
    panels: number,
    bytes: number,
    shifts: number,
    scales: number,
    bias: number,
    out: number,
    rows: number,
    inputs: number,
    outputs: number,
    depth: number,
    inverse: number,
    safe: number,
    largest: number,
    rowsAtOnce: number,
    scratch: number,
  ): number;
  isFinite(x: number, length: number): number;
  linearRows(
    x: number,
    panels: number,
    bias: number,
    out: number,
    rows: number,
    inputs: number,
    outputs: number,
    rowsAtOnce: number,
    scratch: number,
    mostEvents: number,
  ): void;
  listPlaneEvents(
    image: number,
    channels: number,
    planeSize: number,
    pixels: number,
    groups: number,
    groupCount: number,
    all: number,
    starts: number,
    events: number,
  ): void;
  listWindowEvents(
    image: number,
    channels: number,
    planeSize: number,
    rows: number,
    rowCount: number,
    columns: number,
    columnCount: number,
    all: number,
    starts: number,
    events: number,
  ): void;
  packFilters(
    weight: number,
    out: number,
    outputs: number,
    outputStride: number,
    height: number,
    rowStride: number,
    width: number,
    columnStride: number,
    channels: number,
    channelStride: number,
  ): void;
  panelsFromPlanes(
    x: number,
    out: number,
    planes: number,
    height: number,
    width: number,
    origin: number,
    pitch: number,
    size: number,
  ): void;
  planesFromPanel(
    panel: number,
    pixels: number,
    out: number,
    plane: number,
    lanes: number,
    bias: number,
  ): void;
}
