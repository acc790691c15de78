import * as v from 'valibot';
import { byName } from './parse-fields.ts';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** How recordings of an event camera become frames, one for each timestep. */
const eventsSchema = v.strictObject({
  /** Frames with as many events each, or as long each. */
  by: v.optional(v.picklist(['count', 'time']), 'count'),
  /** Squares of so many pixels a side become one. */
  shrink: v.optional(count, 1),
  /** Adds both polarities up as a third channel. */
  sum: v.optional(v.boolean(), false),
  /** Of CIFAR10-DVS, which has no split of its own: which 100 of 1000 recordings of a class are for testing. */
  testRecordings: v.optional(v.picklist(['first', 'last']), 'first'),
});

export type EventsConfig = v.InferOutput<typeof eventsSchema>;

/** What is learnt. */
export const datasetSchema = byName(
  'name',
  v.strictObject({
    /** `fashion-mnist-sample`, `fashion-mnist`, a folder or a file; with `events` a folder, or `moving-bars`. */
    name: v.string(),
    split: v.optional(v.picklist(['train', 'test']), 'train'),
    /** The first sample. */
    start: v.optional(whole, 0),
    /** How many samples; default all that follow. */
    limit: v.exactOptional(count),
    /** The data are recordings of an event camera. */
    events: v.exactOptional(eventsSchema),
  }),
);

/** What is measured after every epoch. */
export const validationSchema = v.strictObject({
  /** Default: the data set of the training. */
  name: v.exactOptional(v.string()),
  split: v.optional(v.picklist(['train', 'test']), 'test'),
  start: v.optional(whole, 0),
  limit: v.exactOptional(count),
  /** Whether the model is that of the best epoch. */
  keepBest: v.optional(v.boolean(), false),
  /** Stops after so many epochs without a better one. */
  patience: v.exactOptional(count),
});
