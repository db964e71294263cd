import fs from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { blake3 } from '@napi-rs/blake-hash';
import { encodeManifest, Failure, HASH_BYTES, segmentBytesOf, segmentCountOf } from '@p2p/protocol';
import { fingerprintOf, sameFingerprint } from './fingerprint.js';
import type { HashReply, HashRequest, HashWorkerData } from './hash-messages.js';

/**
 * The thread that reads and hashes shared files, one at a time. Reads are synchronous: nothing else waits for this
 * thread, and a read that blocks on a slow disk blocks only the hash.
 */
const { readBytes, segmentsPerTurn, progressIntervalMs } = workerData as HashWorkerData;
const port = parentPort as MessagePort;
const buffer = Buffer.allocUnsafeSlow(readBytes);
/** The last job that was told to stop; one runs at a time. */
let abortedJob = -1;

port.on('message', (request: HashRequest) => {
  if (request.kind === 'abort') abortedJob = request.job;
  else if (request.kind === 'bytes') reply({ kind: 'digest', job: request.job, hash: new Uint8Array(blake3(request.bytes)) });
  else void hashFile(request.job, request.path);
});

async function hashFile(job: number, path: string): Promise<void> {
  let descriptor: number | undefined;
  try {
    // Without O_NONBLOCK, opening a pipe that took the file's place would hang this thread for good.
    descriptor = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
    const before = fs.fstatSync(descriptor, { bigint: true });
    if (!before.isFile()) return reply({ kind: 'changed', job });
    const hashes = await hashSegments(job, descriptor, Number(before.size));
    if (typeof hashes === 'string') return reply({ kind: hashes, job });
    const after = fs.fstatSync(descriptor, { bigint: true });
    const named = fs.statSync(path, { bigint: true, throwIfNoEntry: false });
    const fingerprint = fingerprintOf(before);
    if (named === undefined || !sameFingerprint(fingerprint, fingerprintOf(after)) || !sameFingerprint(fingerprint, fingerprintOf(named))) {
      return reply({ kind: 'changed', job });
    }
    const manifestBytes = encodeManifest(Number(before.size), hashes).bytes;
    reply({ kind: 'hashed', job, file: blake3(manifestBytes).toString('hex'), manifestBytes, fingerprint });
  } catch (error) {
    reply({ kind: 'failed', job, error: plainError(error) });
  } finally {
    if (descriptor !== undefined) fs.closeSync(descriptor);
  }
}

async function hashSegments(job: number, descriptor: number, fileBytes: number): Promise<Uint8Array | 'changed' | 'aborted'> {
  const segmentBytes = segmentBytesOf(fileBytes);
  const segmentCount = segmentCountOf(fileBytes);
  const hashes = new Uint8Array(segmentCount * HASH_BYTES);
  let toldAt = performance.now();
  for (let index = 0; index < segmentCount; index++) {
    const at = index * segmentBytes;
    const length = Math.min(segmentBytes, fileBytes - at);
    if (!readFully(descriptor, length, at)) return 'changed';
    hashes.set(blake3(buffer.subarray(0, length)), index * HASH_BYTES);
    if (index % segmentsPerTurn !== segmentsPerTurn - 1) continue;
    // Messages are delivered between turns only: aborts, and the bytes of a dispute.
    await nextTurn();
    if (abortedJob === job) return 'aborted';
    if (performance.now() - toldAt < progressIntervalMs) continue;
    toldAt = performance.now();
    reply({ kind: 'progress', job, hashedBytes: at + length });
  }
  return hashes;
}

/** Whether `length` bytes were there. */
function readFully(descriptor: number, length: number, position: number): boolean {
  for (let filled = 0; filled < length;) {
    const read = fs.readSync(descriptor, buffer, filled, length - filled, position + filled);
    if (read === 0) return false;
    filled += read;
  }
  return true;
}

function reply(message: HashReply): void {
  port.postMessage(message);
}

/** An error loses its code on the way between threads, so its parts are sent. */
function plainError(error: unknown): { name: string; message: string; code?: string; path?: string } {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const system = error as NodeJS.ErrnoException | Failure;
  return {
    name: error.name,
    message: error.message,
    ...(typeof system.code === 'string' ? { code: system.code } : {}),
    ...('path' in system && typeof system.path === 'string' ? { path: system.path } : {}),
  };
}
