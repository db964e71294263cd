import type { CommandContext } from '../context.js';
import { showBytes } from '../render/numbers.js';
import { jsonLine, safe } from '../render/text.js';

/** `p2p unshare`: stops sharing; the files stay where they are. */
export async function unshare(target: string, { client, terminal, json, interrupt }: CommandContext): Promise<void> {
  const unshared = await client.unshare(target, interrupt);
  if (json) terminal.print([jsonLine({ unshared })]);
  else terminal.print(unshared.map((each) => `unshared ${safe(each.name)}  ${showBytes(each.bytes)}  ${each.id}`));
}
