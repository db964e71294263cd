import type { Trouble } from '../../libs/transfer/src/testing/random-swarm.ts';

/** Honest holders on links of any speed. The segments that a file of up to 128 MiB is cut into are 128 and more. */
export const CALM: Trouble = { faults: false, anchor: false, segmentsMin: 128 };
/** Holders die, stall, lie, refuse, and one honest one stays. */
export const TROUBLED: Trouble = { faults: true, anchor: true, segmentsMin: 0.01 };
/** ... and none need stay. */
export const WILD: Trouble = { faults: true, anchor: false, segmentsMin: 0.01 };
