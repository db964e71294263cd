// What a run of this suite is told by its environment (npm run fuzz -- --minutes M --seed S sets it).

/** Draws everything. Printed, so that a run can be repeated. */
export const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 1_000_000_007);

/** How long the storm goes on at least; 0: until the inputs of CI have been sent. */
export const MINUTES = Number(process.env['FUZZ_MINUTES'] ?? 0);

/** In all, over both targets. */
export const INPUTS = 200_000;
