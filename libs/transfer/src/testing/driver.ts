import { Bitmap, segmentCountOf } from '@p2p/protocol';
import { reportOf } from '../account.js';
import type { TransferCommand } from '../commands.js';
import type { Refusal, RequestId, TransferEvent } from '../events.js';
import type { TransferReport } from '../report.js';
import type { TransferSettings } from '../settings.js';
import type { SourceId } from '../source.js';
import { createTransfer, type TransferState } from '../state.js';
import { nextWakeAt, step } from '../step.js';

export const SEGMENT_BYTES = 64 * 1024;

type Request = Extract<TransferCommand, { kind: 'request' }>;

/** One download driven by hand, event by event, on a clock that a test turns. */
export class Driver {
  readonly state: TransferState;
  /** Every request ever made, by id. */
  readonly requests = new Map<RequestId, Request>();
  now = 0;

  constructor(segments: number, settings: Partial<TransferSettings> = {}) {
    const fileBytes = segments * SEGMENT_BYTES;
    const verified = new Bitmap(segmentCountOf(fileBytes));
    this.state = createTransfer({ fileBytes, verified, seed: 1, holderWaitMs: 30_000, buffersMax: 64, now: 0, ...settings });
  }

  get report(): TransferReport {
    return reportOf(this.state);
  }

  get wakeAt(): number | undefined {
    return nextWakeAt(this.state);
  }

  do(event: TransferEvent): TransferCommand[] {
    const commands = step(this.state, event, this.now);
    for (const command of commands) if (command.kind === 'request') this.requests.set(command.request, command);
    return commands;
  }

  /** Turns the clock to `now`, ticking whenever the scheduler asks for it. */
  tickUntil(now: number): TransferCommand[] {
    const commands: TransferCommand[] = [];
    for (;;) {
      const wakeAt = this.wakeAt ?? Infinity;
      if (wakeAt > now) break;
      this.now = Math.max(this.now, wakeAt);
      commands.push(...this.do({ kind: 'tick' }));
    }
    this.now = now;
    return commands;
  }

  join(source: SourceId, have: 'complete' | readonly number[] = 'complete', paceBytesPerSecond = 0): TransferCommand[] {
    const bitmap = new Bitmap(this.state.segmentCount);
    if (have !== 'complete') for (const segment of have) bitmap.add(segment);
    return this.do({ kind: 'source_joined', source, have: have === 'complete' ? have : bitmap, paceBytesPerSecond });
  }

  bytes(request: RequestId, wireBytes: number): TransferCommand[] {
    const source = this.requests.get(request)?.source ?? '';
    return this.do({ kind: 'bytes_received', source, request, wireBytes });
  }

  receive(request: RequestId): TransferCommand[] {
    const fileBytes = SEGMENT_BYTES;
    return this.do({ kind: 'segment_received', request, arrival: { codec: 'identity', wireBytes: fileBytes, fileBytes } });
  }

  /** Receives and verifies. */
  deliver(request: RequestId): TransferCommand[] {
    return [...this.receive(request), ...this.do({ kind: 'segment_verified', request })];
  }

  refuse(request: RequestId, refusal: Refusal): TransferCommand[] {
    return this.do({ kind: 'request_refused', request, refusal });
  }
}

/** The commands of one kind. */
export function only<Kind extends TransferCommand['kind']>(
  commands: readonly TransferCommand[],
  kind: Kind,
): Extract<TransferCommand, { kind: Kind }>[] {
  return commands.filter((command): command is Extract<TransferCommand, { kind: Kind }> => command.kind === kind);
}

/** Segment and source of each request among `commands`. */
export function requestsIn(
  commands: readonly TransferCommand[],
): { request: RequestId; source: SourceId; segment: number; cause: string }[] {
  return only(commands, 'request').map(({ request, source, segment, cause }) => ({ request, source, segment, cause }));
}
