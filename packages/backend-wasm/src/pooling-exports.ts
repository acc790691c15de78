/** Height and width of images, of what is pooled from them, of windows, of strides; then the margins at the top and the left. */
export type Windows = readonly [
  height: number,
  width: number,
  outHeight: number,
  outWidth: number,
  kernelHeight: number,
  kernelWidth: number,
  rowStride: number,
  columnStride: number,
  top: number,
  left: number,
];

/** What `assembly/index.ts` exports for pooling; `KernelExports` has the rest. */
export interface PoolingExports {
  maxPoolGradient(
    x: number,
    pooled: number,
    gradient: number,
    out: number,
    planes: number,
    ...windows: Windows
  ): void;
  meanPoolGradient(
    gradient: number,
    out: number,
    planes: number,
    ...windowsAndKind: [...Windows, kind: number]
  ): void;
  pool(x: number, out: number, planes: number, ...windowsAndKind: [...Windows, kind: number]): void;
}
