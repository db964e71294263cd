// What the demo and the tests transfer: content that follows from a seed, written as it is made, and its SHA-256.
import { createCipheriv, createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';

/** `random` does not compress, `text` does by about six, `mixed` is runs of both, each shorter than two segments. */
export type ContentKind = 'random' | 'text' | 'mixed';

export interface Content {
  readonly kind: ContentKind;
  readonly bytes: number;
  readonly seed: number;
}

const CHUNK_BYTES = 1024 * 1024;
/** Runs of mixed content: no multiple of a segment, so that there are segments of either kind and of both. */
const MIXED_RUN_BYTES = 80_000;

/** Writes a file and returns its SHA-256 in hexadecimal. An existing file is replaced. */
export async function writeContent(path: string, content: Content): Promise<string> {
  const hash = createHash('sha256');
  const fill = fillerOf(content);
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  await using file = await open(path, 'w');
  for (let position = 0; position < content.bytes; position += CHUNK_BYTES) {
    const part = chunk.subarray(0, Math.min(CHUNK_BYTES, content.bytes - position));
    fill(part, position);
    hash.update(part);
    await file.writeFile(part);
  }
  return hash.digest('hex');
}

/** The SHA-256 of a file in hexadecimal. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: CHUNK_BYTES }), hash);
  return hash.digest('hex');
}

type Filler = (target: Buffer, position: number) => void;

function fillerOf({ kind, seed }: Content): Filler {
  const random = randomFiller(seed);
  if (kind === 'random') return random;
  const text = textFiller(seed);
  if (kind === 'text') return text;
  return (target, position) => {
    for (let offset = 0; offset < target.length;) {
      const run = Math.floor((position + offset) / MIXED_RUN_BYTES);
      const end = Math.min(target.length, (run + 1) * MIXED_RUN_BYTES - position);
      (run % 2 === 0 ? random : text)(target.subarray(offset, end), position + offset);
      offset = end;
    }
  };
}

/** The key stream of a cipher: as good as random, and as fast as memory. */
function randomFiller(seed: number): Filler {
  const key = createHash('sha256').update(`p2p ${seed}`).digest();
  const cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
  return (target) => {
    target.fill(0);
    cipher.update(target).copy(target);
  };
}

/** Lines like those of a log. Each bears its position, so that no two segments are alike. */
function textFiller(seed: number): Filler {
  const random = generator(seed);
  const pick = (count: number): number => Math.floor(random() * count);
  const words = Array.from({ length: 2000 }, () => Array.from({ length: 2 + pick(8) }, () => String.fromCharCode(97 + pick(26))).join(''));
  const sentences = Array.from({ length: 400 }, () =>
    Buffer.from(` ${Array.from({ length: 6 + pick(8) }, () => words[pick(words.length)]).join(' ')}.\n`),
  );
  return (target, position) => {
    for (let offset = 0; offset < target.length;) {
      offset += target.write(String(position + offset), offset, 'latin1');
      offset += sentences[pick(sentences.length)]?.copy(target, offset) ?? 0;
    }
  };
}

/** Numbers from 0 to 1 that follow from a seed (mulberry32). */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
