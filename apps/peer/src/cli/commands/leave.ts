import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '@p2p/protocol';
import { CLI_LEAVE_WAIT_MS, CLI_RETRY_MS } from '../../limits.js';
import type { CommandContext } from '../context.js';
import { jsonLine } from '../render/text.js';

/** `p2p leave`: lets the peer finish what it owes and go, and waits until it is gone. */
export async function leave({ client, terminal, json, interrupt }: CommandContext): Promise<void> {
  await client.leave(interrupt);
  const askedAt = performance.now();
  while (await isThere(client, interrupt)) {
    if (performance.now() - askedAt >= CLI_LEAVE_WAIT_MS) {
      throw new Failure('TIMED_OUT', `the peer still finishes what it owes after ${CLI_LEAVE_WAIT_MS / 1000} s; it will go by itself`);
    }
    await sleep(CLI_RETRY_MS, undefined, { signal: interrupt }).catch(() => undefined);
  }
  terminal.print([json ? jsonLine({ left: true }) : 'the peer has left']);
}

/** A peer that goes closes its connections first, and then nobody listens. */
async function isThere(client: CommandContext['client'], interrupt: AbortSignal): Promise<boolean> {
  try {
    await client.status(interrupt);
    return true;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    if (error.code === 'UNREACHABLE') return false;
    if (interrupt.aborted) throw error;
    return true;
  }
}
