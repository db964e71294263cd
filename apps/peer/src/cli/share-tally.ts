import type { Share, ShareProgress } from '../control/api.js';
import type { ShareState } from './render/share-view.js';

export interface SharedFile extends Share {
  readonly remembered: boolean;
}

export interface FailedPath {
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

/** What came of sharing so far, of all paths and of the present one. */
export class ShareTally {
  readonly shared: SharedFile[] = [];
  readonly failed: FailedPath[] = [];
  #path = '';
  #found = { files: 0, bytes: 0 };
  #done = 0;
  #failedHere = 0;
  #hashing: Extract<ShareProgress, { kind: 'hashing' }> | undefined;
  #hashingSince: { readonly at: number; readonly bytes: number } | undefined;
  #bytesPerSecond = 0;

  /** The next path, as it was written. */
  begin(path: string): void {
    this.#path = path;
    this.#found = { files: 0, bytes: 0 };
    this.#done = 0;
    this.#failedHere = 0;
    this.#hashing = undefined;
    this.#hashingSince = undefined;
    this.#bytesPerSecond = 0;
  }

  /** `now` in ms. */
  apply(event: ShareProgress, now: number): void {
    switch (event.kind) {
      case 'found':
        this.#found = { files: event.files, bytes: event.bytes };
        break;
      case 'hashing':
        this.#hashing = event;
        this.#hashingSince ??= { at: now, bytes: event.totalHashedBytes };
        if (now > this.#hashingSince.at) {
          this.#bytesPerSecond = (event.totalHashedBytes - this.#hashingSince.bytes) / ((now - this.#hashingSince.at) / 1000);
        }
        break;
      case 'shared':
        this.shared.push({ ...event.share, remembered: event.remembered });
        this.#done += 1;
        break;
      case 'failed':
        this.failed.push({ path: event.path, code: event.code, message: event.message });
        this.#failedHere += 1;
        break;
      case 'done':
        break;
    }
  }

  get state(): ShareState {
    return {
      path: this.#path,
      files: this.#found.files,
      filesDone: this.#done,
      failed: this.#failedHere,
      bytes: this.#hashing?.totalBytes ?? this.#found.bytes,
      hashedBytes: this.#hashing?.totalHashedBytes ?? 0,
      bytesPerSecond: this.#bytesPerSecond,
      current: this.#hashing?.name,
    };
  }
}
