import type { CommandContext } from '../context.js';
import { peerStatusLines } from '../render/peer-status.js';
import { jsonLine } from '../render/text.js';

/** `p2p status`: the peer and its downloads. */
export async function status({ client, terminal, json, interrupt }: CommandContext): Promise<void> {
  const answer = await client.status(interrupt);
  const options = { now: Date.now(), columns: terminal.columns, style: terminal.style };
  terminal.print(json ? [jsonLine(answer)] : peerStatusLines(answer, options));
}
