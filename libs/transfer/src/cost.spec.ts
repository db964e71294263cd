import { Bitmap, SEGMENT_BYTES_MAX } from '@p2p/protocol';
import { describe, expect, it } from 'vitest';
import { createTransfer, type TransferState } from './state.js';
import { step } from './step.js';

/** Takes a file of `segments` from `sources` until it is done; answers the steps taken and the commands said. */
function download(segments: number, sources: number): { state: TransferState; steps: number; commands: number } {
  const wireBytes = SEGMENT_BYTES_MAX;
  const state = createTransfer({
    fileBytes: segments * wireBytes,
    verified: new Bitmap(segments),
    seed: 1,
    holderWaitMs: 1_000,
    buffersMax: 128,
    now: 0,
  });
  const open: number[] = [];
  let now = 0;
  let steps = 0;
  let commands = 0;
  const take = (event: Parameters<typeof step>[1]): void => {
    steps++;
    for (const command of step(state, event, now)) {
      commands++;
      if (command.kind === 'request') open.push(command.request);
    }
  };
  for (let source = 0; source < sources; source++) {
    const have = new Bitmap(segments);
    for (let segment = source % 2; segment < segments; segment += 2) have.add(segment);
    take({ kind: 'source_joined', source: `peer-${source}`, have: source < 2 ? 'complete' : have, paceBytesPerSecond: 0 });
  }
  for (let next = 0; state.verified.count < segments; next++) {
    const request = open[next];
    if (request === undefined) throw new Error(`it stopped after ${state.verified.count} segments`);
    now += 0.1;
    take({ kind: 'segment_received', request, arrival: { codec: 'identity', wireBytes, fileBytes: wireBytes } });
    take({ kind: 'segment_verified', request });
  }
  return { state, steps, commands };
}

describe('the cost of a download of 100 000 segments', () => {
  it.each([2, 16])('%d sources > a request a segment, and few words read for each', (sources) => {
    const { state, commands } = download(100_000, sources);
    expect(commands / 100_000).toBeLessThan(1.01);
    expect(state.cost.words / 100_000).toBeLessThan(200);
  });

  it('ten times the segments > less than eleven times the steps, and nothing is left behind', () => {
    const small = download(10_000, 4);
    const large = download(100_000, 4);
    expect(large.steps).toBeLessThan(11 * small.steps);
    expect(large.state.attempts.size + large.state.attemptsAt.size + large.state.front.size + large.state.moved.size).toBe(0);
  });
});
