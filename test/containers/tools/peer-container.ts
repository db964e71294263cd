import type { CatalogueLine, Report, Status } from '../../tools/transfer.ts';
import { eventually } from '../../tools/metrics.ts';
import { ProgramContainer } from './program-container.ts';

/** Where downloads go unless told otherwise. */
export const DOWNLOADS = '/data/downloads';
const LIST_DEADLINE_MS = 30_000;

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export type Done = Status & { readonly report?: Report };

/** A peer in a container, through its command. */
export class PeerContainer extends ProgramContainer {
  /** `p2p` with these words. */
  async cli(words: readonly string[]): Promise<Outcome> {
    const { exitCode, stdout, stderr } = await this.exec(['p2p', ...words]);
    return { code: exitCode, stdout, stderr };
  }

  /** The same where only success will do; returns what it printed. */
  async run(words: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.cli(words);
    if (code !== 0) throw new Error(`p2p ${words.join(' ')} on ${this.id} ended with ${code}: ${stderr}${stdout}\n${await this.tail()}`);
    return stdout;
  }

  /** `p2p get NAME`, to its end. Throws when the download fails. */
  async get(name: string): Promise<Done> {
    const lines = (await this.run(['get', '--json', '--', name])).trim().split('\n');
    return JSON.parse(lines.at(-1) ?? '') as Done;
  }

  /** Until the catalogue has the file with exactly so many whole holders. */
  async listed(name: string, complete: number): Promise<void> {
    await eventually(
      async () => (JSON.parse(await this.run(['list', '--json'])) as { readonly entries: readonly CatalogueLine[] }).entries,
      (entries) => entries.some((entry) => entry.name === name && entry.complete === complete),
      LIST_DEADLINE_MS,
    );
  }

  /** The SHA-256 of every file under a folder of the container, by its path in there. */
  async hashes(folder = DOWNLOADS): Promise<ReadonlyMap<string, string>> {
    const { exitCode, stdout, stderr } = await this.exec([
      'sh',
      '-c',
      `cd ${folder} && find . -name '.?*' -prune -o -type f -print0 | xargs -0r sha256sum`,
    ]);
    if (exitCode !== 0) throw new Error(`the hashes of ${folder} on ${this.id}: ${stderr}`);
    const lines = stdout.split('\n').filter(Boolean);
    return new Map(lines.map((line) => [line.slice(68), line.slice(0, 64)]));
  }

  /** The SHA-256 of one file of the container. */
  async sha256(path: string): Promise<string> {
    const { exitCode, stdout, stderr } = await this.exec(['sha256sum', path]);
    if (exitCode !== 0) throw new Error(`the hash of ${path} on ${this.id}: ${stderr}`);
    return stdout.slice(0, 64);
  }

  /** Segments that it owes others now. */
  async owed(): Promise<number> {
    return this.metric('p2p_segments_in_flight', { direction: 'upload' });
  }

  /** Until a download is under way and this far, from 0 to 1. */
  async progressed(ratio: number, deadlineMs = 60_000): Promise<void> {
    // Without any the ratio is that of a download that is done.
    await eventually(
      () => this.metric('p2p_downloads_active'),
      (active) => active > 0,
      deadlineMs,
    );
    await eventually(
      () => this.metric('p2p_download_progress_ratio'),
      (value) => value >= ratio,
      deadlineMs,
    );
  }
}
