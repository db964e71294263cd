import type { CommandContext } from '../context.js';
import { showBytes } from '../render/numbers.js';
import { jsonLine, safe } from '../render/text.js';

export interface CancelOptions {
  readonly discard?: boolean;
}

/** `p2p cancel`: stops a download. */
export async function cancel(target: string, options: CancelOptions, { client, terminal, json }: CommandContext): Promise<void> {
  const discard = options.discard === true;
  const status = await client.cancelDownload(target, { discard });
  if (json) {
    terminal.print([jsonLine(status)]);
    return;
  }
  const kept = discard ? 'what it had is discarded' : `${showBytes(status.verifiedBytes)} of ${showBytes(status.bytes)} are kept`;
  terminal.print([`cancelled ${safe(status.name)}; ${kept}`]);
}
