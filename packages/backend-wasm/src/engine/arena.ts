/** Places in one region for things that are needed for some stages each. */

/** Something that needs memory from one stage to another, both included. */
export interface Tenant {
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

export interface Arena {
  /** Where each tenant begins, counted from the start of the region. */
  readonly offsets: readonly number[];
  readonly bytes: number;
}

const line = 64;

/** Gives every tenant a place that no other has at the same time: large ones first, each as low as it fits. */
export function packArena(tenants: readonly Tenant[]): Arena {
  const offsets = tenants.map(() => 0);
  const placed: number[] = [];
  const bySize = tenants
    .map((_, index) => index)
    .toSorted((a, b) => tenants[b]!.bytes - tenants[a]!.bytes);
  let bytes = 0;
  for (const index of bySize) {
    const tenant = tenants[index]!;
    const neighbours = placed
      .filter((other) => overlaps(tenant, tenants[other]!))
      .toSorted((a, b) => offsets[a]! - offsets[b]!);
    let offset = 0;
    for (const other of neighbours) {
      if (offset + rounded(tenant.bytes) <= offsets[other]!) break;
      offset = Math.max(offset, offsets[other]! + rounded(tenants[other]!.bytes));
    }
    offsets[index] = offset;
    placed.push(index);
    bytes = Math.max(bytes, offset + rounded(tenant.bytes));
  }
  return { offsets, bytes };
}

function overlaps(a: Tenant, b: Tenant): boolean {
  return a.first <= b.last && b.first <= a.last;
}

function rounded(bytes: number): number {
  return Math.ceil(bytes / line) * line;
}
