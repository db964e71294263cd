import { readFile } from 'node:fs/promises';
import { Bitmap } from '@p2p/protocol';
import { createTransfer, step, type TransferCommand, type TransferEvent, type TransferSettings } from '@p2p/transfer';

interface Recorded {
  readonly now: number;
  readonly event: TransferEvent;
  readonly commands: readonly TransferCommand[];
}

/** A recording of a real download (`P2P_RECORD_DIR`), and what the scheduler says to the same events. */
export interface Replay {
  readonly events: readonly Recorded[];
  readonly replayed: readonly (readonly TransferCommand[])[];
}

export async function replay(path: string): Promise<Replay> {
  const [first, ...rest] = (await readFile(path, 'utf8')).trimEnd().split('\n');
  const state = createTransfer(parse(first ?? '') as TransferSettings);
  const events = rest.map((line) => parse(line) as Recorded);
  return { events, replayed: events.map(({ now, event }) => step(state, event, now)) };
}

function parse(line: string): unknown {
  return JSON.parse(line, (_, value: unknown) => {
    if (typeof value !== 'object' || value === null || !('base64' in value) || !('size' in value)) return value;
    return Bitmap.fromBase64(Number(value.size), String(value.base64));
  });
}
