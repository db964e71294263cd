import { open, stat } from 'node:fs/promises';
import path from 'node:path';
import { Failure, fileIdSchema } from '@p2p/protocol';
import type { DownloadStatus } from '../../control/api.js';
import { CLI_REATTACH_MS } from '../../limits.js';
import type { CommandContext } from '../context.js';
import { downloadProgress } from '../download-progress.js';
import { follow } from '../follow.js';
import { downloadReport } from '../render/download-report.js';
import { hasEnded } from '../render/download-state.js';
import { showBytes } from '../render/numbers.js';
import { shellWords } from '../render/shell.js';
import { jsonLine, safe } from '../render/text.js';

export interface GetOptions {
  readonly output?: string;
  readonly overwrite?: boolean;
  readonly detach?: boolean;
  readonly progress?: boolean;
  /** Where the flight record goes. */
  readonly trace?: string;
}

/** `p2p get`: starts a download, or attaches to it, and stays until it has ended. */
export async function get(target: string, options: GetOptions, context: CommandContext): Promise<void> {
  const output = await outputPath(target, options.output, context.cwd);
  const started = await context.client.startDownload({
    target,
    ...(output === undefined ? {} : { output }),
    ...(options.overwrite === true ? { overwrite: true } : {}),
    ...(options.trace === undefined ? {} : { trace: true }),
  });
  if (options.detach === true) {
    context.terminal.print(detachedLines(started, target, context));
    return;
  }
  let last = await followed(started, options, context);
  // Only an interruption ends the following before the download.
  if (!hasEnded(last)) last = await context.client.cancelDownload(last.id, { discard: false });
  if (options.trace !== undefined) await writeTrace(path.resolve(context.cwd, options.trace), last, context);
  conclude(last, getCommand(target, output), context);
}

async function followed(started: DownloadStatus, options: GetOptions, context: CommandContext): Promise<DownloadStatus> {
  const progress = downloadProgress(context, { progress: options.progress === true });
  try {
    progress.update(started);
    return await follow(started, {
      client: context.client,
      interrupt: context.interrupt,
      onStatus: (status) => progress.update(status),
      onAway: (failure) => progress.notice(failure === undefined ? undefined : awayNotice()),
    });
  } finally {
    progress.end();
  }
}

function awayNotice(): string {
  return `the peer is away; trying for ${CLI_REATTACH_MS / 1000} s to reach it again`;
}

/** Writes what happened, one thing a line. A record that cannot be had is said, and is no failure of the download. */
async function writeTrace(file: string, { id }: DownloadStatus, { client, terminal }: CommandContext): Promise<void> {
  try {
    await using written = await open(file, 'w');
    for await (const line of client.downloadTrace(id)) await written.write(`${JSON.stringify(line)}\n`);
  } catch (error) {
    terminal.note(`no flight record in ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Prints how it ended, and throws if it is not done. */
function conclude(status: DownloadStatus, again: string, { terminal, json }: CommandContext): void {
  if (json) terminal.print([jsonLine(status)]);
  else if (status.state === 'done') terminal.print(downloadReport(status, terminal.style));
  if (status.state === 'done') return;
  const kept = `${showBytes(status.verifiedBytes)} of ${showBytes(status.bytes)} are kept; take it up again with: ${again}`;
  if (status.state === 'cancelled') throw new Failure('CANCELLED', `the download of ${status.name} was cancelled; ${kept}`);
  const { code = 'INTERNAL', message = 'the download failed without saying how' } = status.failure ?? {};
  throw new Failure(code, `${message}; ${kept}`);
}

/** The command that takes up a download. A target that begins with a dash would be taken for an option. */
function getCommand(target: string, output: string | undefined): string {
  return shellWords([
    'p2p',
    'get',
    ...(output === undefined ? [] : ['--output', output]),
    ...(target.startsWith('-') ? ['--'] : []),
    target,
  ]);
}

function detachedLines(started: DownloadStatus, target: string, { json }: CommandContext): string[] {
  if (json) return [jsonLine(started)];
  return [
    `downloading ${safe(started.name)} to ${safe(started.output)}`,
    `follow it with \`${safe(getCommand(target, undefined))}\`; see all with \`p2p status\``,
  ];
}

/** Where the file goes, as an absolute path. In a folder that is there it gets the last part of its name. */
async function outputPath(target: string, output: string | undefined, cwd: string): Promise<string | undefined> {
  if (output === undefined) return undefined;
  const resolved = path.resolve(cwd, output);
  const isFolder =
    output.endsWith('/') ||
    (await stat(resolved).then(
      (found) => found.isDirectory(),
      () => false,
    ));
  if (!isFolder) return resolved;
  if (fileIdSchema.safeParse(target).success) {
    throw new Failure('BAD_REQUEST', `--output ${output} is a folder, and a file id has no name to put there; give the path of the file`);
  }
  return path.join(resolved, path.posix.basename(target));
}
