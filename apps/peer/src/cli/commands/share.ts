import path from 'node:path';
import { Failure, isFailureCode } from '@p2p/protocol';
import type { CommandContext } from '../context.js';
import { showBytes, showCount } from '../render/numbers.js';
import { jsonLine } from '../render/text.js';
import { shareProgress, type ShareProgressView } from '../share-progress.js';
import { ShareTally } from '../share-tally.js';

export interface ShareOptions {
  readonly name?: string;
  readonly progress?: boolean;
}

/** Failures of the whole command rather than of one path. */
const FATAL = new Set([
  'UNREACHABLE',
  'UNAUTHORIZED',
  'FORBIDDEN',
  'CONNECTION_LOST',
  'VERSION_MISMATCH',
  'CANCELLED',
  'BAD_CONFIG',
  'TIMED_OUT',
]);

/** `p2p share`: shares each path; the failure of one does not stop the others. */
export async function share(paths: readonly string[], options: ShareOptions, context: CommandContext): Promise<void> {
  if (options.name !== undefined && paths.length > 1) {
    throw new Failure('BAD_REQUEST', `--name names one path, and there are ${paths.length}; share them one by one`);
  }
  const tally = new ShareTally();
  const view = shareProgress(context, { progress: options.progress === true });
  try {
    for (const each of paths) await shareOne(each, { tally, view, options, context });
  } finally {
    view.end();
  }
  conclude(tally, context);
}

interface ShareRun {
  readonly tally: ShareTally;
  readonly view: ShareProgressView;
  readonly options: ShareOptions;
  readonly context: CommandContext;
}

async function shareOne(written: string, { tally, view, options, context }: ShareRun): Promise<void> {
  const body = { path: path.resolve(context.cwd, written), ...(options.name === undefined ? {} : { name: options.name }) };
  tally.begin(written);
  let isDone = false;
  try {
    for await (const event of context.client.share(body, context.interrupt)) {
      tally.apply(event, performance.now());
      view.update(event, tally);
      isDone = event.kind === 'done';
    }
    if (!isDone) throw new Failure('CONNECTION_LOST', `the connection to the peer at ${context.client.url} broke before all was shared`);
  } catch (error) {
    if (!(error instanceof Failure) || FATAL.has(error.code)) throw error;
    const event = { kind: 'failed', path: body.path, code: error.code, message: error.message } as const;
    tally.apply(event, performance.now());
    view.update(event, tally);
  }
}

function conclude(tally: ShareTally, { terminal, json }: CommandContext): void {
  if (json) terminal.print([jsonLine({ shared: tally.shared, failed: tally.failed })]);
  else if (terminal.isInteractive && tally.shared.length > 1) {
    const bytes = tally.shared.reduce((sum, each) => sum + each.bytes, 0);
    terminal.print([
      `${terminal.style.paint('green', terminal.style.tick)} ${showCount(tally.shared.length, 'file')} shared, ${showBytes(bytes)}`,
    ]);
  }
  const [first] = tally.failed;
  if (first === undefined) return;
  const code = isFailureCode(first.code) ? first.code : 'INTERNAL';
  if (tally.failed.length === 1) throw new Failure(code, `${first.path}: ${first.message}`);
  throw new Failure(code, `${tally.failed.length} paths could not be shared; the first was ${first.path}: ${first.message}`);
}
