// What all containers, networks and volumes of one run of the suite have in common.

/** The image under test; the setup of the suite builds it. */
export const IMAGE = 'p2p:test';
export const BASE_IMAGE = 'node:26-bookworm-slim';

/** The label by which everything of a run is found and removed; its value names the run. */
export const RUN_LABEL = 'p2p.test.run';

/** The setup of the suite names the run for the workers. */
export const RUN_VARIABLE = 'P2P_TEST_RUN';

export function runLabels(): Readonly<Record<string, string>> {
  const run = process.env[RUN_VARIABLE];
  if (run === undefined) throw new Error(`${RUN_VARIABLE} is not set: run the suite with npm run test:containers`);
  return { [RUN_LABEL]: run };
}
