import type { Slot } from '@spikeloom/runtime';
import type { Recognition, StageMaker } from '../stage.ts';
import { type ChannelAxis, type Extent, extentOf } from '../value.ts';

/** Reshaping and transposing that leave channels and positions where they are in memory: only the name is new. */
export const view: StageMaker = (recognition, instruction) => {
  const { node, inputs, outputs } = instruction;
  const [from, to] = [inputs['x'] as Slot, outputs['out']!];
  const renamed =
    node.op === 'spikeloom/reshape'
      ? reshapes(recognition, from, to)
      : node.op === 'spikeloom/transpose'
        ? transposes(node.attributes['permutation'] as readonly number[])
        : [];
  const found = renamed.flatMap(({ before, after, extent }) =>
    (['spikes', 'currents'] as const).flatMap((kind) => {
      const value = recognition.find(from, kind, before);
      if (!value || (extent && kind === 'currents')) return [];
      return [{ value: { ...value, ...extent }, after }];
    }),
  );
  if (found.length === 0) return false;
  for (const { value, after } of found) recognition.alias(to, after, value);
  recognition.absorb(instruction);
  return true;
};

interface Renaming {
  readonly before: ChannelAxis;
  readonly after: ChannelAxis;
  /** What spikes are from now on where that is not what they were. */
  readonly extent?: Extent;
}

/**
 * Reshaping keeps an arrangement if the channels stay an axis at the same end. Bits of positions follow each other, so
 * whole blocks of channels may also become positions, and positions blocks.
 */
function reshapes(recognition: Recognition, from: Slot, to: Slot): Renaming[] {
  return (['first', 'last'] as const).flatMap((axis) => {
    const [a, b] = [from, to].map((slot) =>
      extentOf(recognition.type(slot).shape, axis, recognition.batch),
    );
    if (!a || !b) return [];
    const both = { before: axis, after: axis };
    if (a.channels === b.channels && a.positions === b.positions) return [both];
    const areWhole = [a, b].every(({ channels }) => channels % recognition.lanes === 0);
    return axis === 'last' && areWhole ? [{ ...both, extent: b }] : [];
  });
}

/** Transposing keeps it if the channels move from one end to the other and the rest stays in order. */
function transposes(order: readonly number[]): Renaming[] {
  const last = order.length - 1;
  const rest = Array.from({ length: last - 1 }, (_, index) => index + 1);
  const toLast = [0, ...rest.map((axis) => axis + 1), 1];
  const toFirst = [0, last, ...rest];
  const is = (wanted: readonly number[]): boolean => wanted.join() === order.join();
  return [
    ...(is(toLast) ? [{ before: 'first', after: 'last' } as const] : []),
    ...(is(toFirst) ? [{ before: 'last', after: 'first' } as const] : []),
  ];
}
