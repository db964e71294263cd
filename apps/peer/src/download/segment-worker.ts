import { readlinkSync, readSync, writeSync } from 'node:fs';
import { basename } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { blake3 } from '@napi-rs/blake-hash';
import { loadInflater, UndecodableError } from './inflater.js';
import { SegmentDecoder } from './segment-decoder.js';
import type { SegmentTask, SegmentTimes, SegmentVerdict, SegmentWorkerData, WorkerGreeting } from './segment-task.js';
import { youngGarbageCollector } from './young-garbage.js';

/**
 * The worker thread: decodes, hashes and writes segments, one after the other. It imports as little as it can, because
 * what a thread loads it holds in memory of its own.
 */
const data = workerData as SegmentWorkerData;
const arena = new Uint8Array(data.arena);
const inflater = loadInflater(data.inflateSliceBytes);
const { zstdWindowLogMax, segmentBytesMax, garbageBytesMax } = data;
const decoder = new SegmentDecoder({
  inflater,
  zstdWindowLogMax,
  segmentBytesMax,
  garbageBytesMax,
  collectGarbage: youngGarbageCollector(),
});
const MARK = Uint8Array.of(1);
let checked: Uint8Array | undefined;

const port = parentPort;
if (port === null) throw new Error('segment-worker is the entry of a worker thread');
port.on('message', (task: SegmentTask) => port.postMessage(perform(task)));
port.postMessage({ kind: 'ready', inflater: inflater.name, ...threadOf() } satisfies WorkerGreeting);

function threadOf(): { readonly thread?: string } {
  try {
    return { thread: basename(readlinkSync('/proc/thread-self')) };
  } catch {
    return {};
  }
}

function perform(task: SegmentTask): SegmentVerdict {
  try {
    return task.kind === 'store' ? store(task) : check(task);
  } catch (error) {
    return { kind: 'failed', id: task.id, code: codeOf(error), message: error instanceof Error ? error.message : String(error) };
  }
}

function store(task: Extract<SegmentTask, { kind: 'store' }>): SegmentVerdict {
  const beganAt = performance.timeOrigin + performance.now();
  const start = performance.now();
  let raw: Uint8Array;
  try {
    raw = decoder.decode(task.codec, arena.subarray(task.at, task.at + task.bodyBytes), task.rawBytes);
  } catch (error) {
    if (!(error instanceof UndecodableError)) throw error;
    const times = { beganAt, decompressMs: performance.now() - start, verifyMs: 0, writeMs: 0 };
    return { kind: 'corrupt', id: task.id, reason: 'undecodable', times };
  }
  const decoded = performance.now();
  const intact = blake3(raw).equals(task.hash);
  const verified = performance.now();
  if (intact) {
    writeAll(task.fd, raw, task.offset);
    // After the data, so that the map never claims more than was written, short of a power failure.
    if (task.mapFd >= 0) writeAll(task.mapFd, MARK, task.segment);
  }
  const times: SegmentTimes = {
    beganAt,
    decompressMs: decoded - start,
    verifyMs: verified - decoded,
    writeMs: performance.now() - verified,
  };
  return intact ? { kind: 'ok', id: task.id, times } : { kind: 'corrupt', id: task.id, reason: 'mismatch', times };
}

function check(task: Extract<SegmentTask, { kind: 'check' }>): SegmentVerdict {
  checked ??= new Uint8Array(segmentBytesMax);
  const beganAt = performance.timeOrigin + performance.now();
  const start = performance.now();
  let filled = 0;
  while (filled < task.rawBytes) {
    const bytes = readSync(task.fd, checked, filled, task.rawBytes - filled, task.offset + filled);
    if (bytes === 0) break;
    filled += bytes;
  }
  const intact = filled === task.rawBytes && blake3(checked.subarray(0, filled)).equals(task.hash);
  const times = { beganAt, decompressMs: 0, verifyMs: performance.now() - start, writeMs: 0 };
  return intact ? { kind: 'ok', id: task.id, times } : { kind: 'corrupt', id: task.id, reason: 'mismatch', times };
}

/** A write may take less than it was given, for instance just before the disk is full. */
function writeAll(fd: number, bytes: Uint8Array, offset: number): void {
  for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done, bytes.length - done, offset + done);
}

function codeOf(error: unknown): 'DISK_FULL' | 'DISK_FAILED' | 'INTERNAL' {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return 'INTERNAL';
  if (error.code === 'ENOSPC' || error.code === 'EDQUOT') return 'DISK_FULL';
  return 'syscall' in error ? 'DISK_FAILED' : 'INTERNAL';
}
