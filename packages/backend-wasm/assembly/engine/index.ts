// The kernels of the event-driven engine: a descriptor and a range of units each, on a memory that a plan has
// laid out. No allocation, no static data, no runtime; any split of the units gives the same bits.
export { addCurrents } from './add';
export { attendEvents, attendEvents_i16 } from './attend';
export { convolveEvents_f32, convolveEvents_i16, convolveEvents_i8 } from './convolve';
export { countGroups } from './count-groups';
export { countProducts } from './count-products';
export { countSpikes } from './count-spikes';
export { fromCurrents, toCurrents } from './currents';
export { fireCurrents } from './fire';
export { flattenSpikes } from './flatten-spikes';
export { listEvents } from './list-events';
export { maskChannels, maskGroups } from './mask-spikes';
export { panelsFromCurrents } from './panels';
export { panelsFromCurrents_i16 } from './quantize-panels';
export { addPeak_f32, addPeak_i16 } from './peak';
export { poolSpikes } from './pool-spikes';
export { fromSpikes, toSpikes } from './spikes';
export { splitHeads } from './split-heads';
export { sumSelected } from './sum-selected';
