// What all containers, networks, volumes and files of one run of the suite have in common.
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The image under test; the setup of the suite builds it. */
export const IMAGE = 'p2p:test';
export const BASE_IMAGE = 'node:26-bookworm-slim';

/** The label by which everything of a run is found and removed; its value names the run. */
export const RUN_LABEL = 'p2p.test.run';

/** The setup of the suite names the run for the workers. */
export const RUN_VARIABLE = 'P2P_TEST_RUN';

export function runLabels(): Readonly<Record<string, string>> {
  return { [RUN_LABEL]: run() };
}

/** Holds all files of the run, and is removed with its containers. */
export function runFolder(): string {
  return join(tmpdir(), `p2p-containers-${run()}`);
}

function run(): string {
  const named = process.env[RUN_VARIABLE];
  if (named === undefined) throw new Error(`${RUN_VARIABLE} is not set: run the suite with npm run test:containers`);
  return named;
}
