// floor-load.mjs ORIGINAL OUTPUT PORT…: what Node cannot do without: receive, hash (BLAKE3) and write, with no protocol.
import { openSync, readSync, statSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { blake3 } from '@napi-rs/blake-hash';
import { peakMibOf } from '../usage.mjs';

const [original, output, ...ports] = process.argv.slice(2);
const { size } = statSync(original);
const SEGMENT_BYTES = 1024 * 1024;
const WINDOW = 2;
const segments = Math.ceil(size / SEGMENT_BYTES);
const hashes = hashesOf(original);
const file = openSync(output, 'w');
const startedAt = performance.now();
const cpuBefore = process.cpuUsage();
let next = 0;
let done = 0;
for (const port of ports) load(Number(port));

function load(port) {
  const asked = [];
  const buffer = Buffer.allocUnsafeSlow(SEGMENT_BYTES);
  let at = 0;
  const socket = new Socket({
    onread: {
      buffer: () => buffer.subarray(at, asked[0]?.length ?? 1),
      callback: (bytes) => {
        at += bytes;
        if (at === asked[0].length) take();
        return true;
      },
    },
  });
  const ask = () => {
    if (next === segments) return;
    const segment = next++;
    const length = Math.min(SEGMENT_BYTES, size - segment * SEGMENT_BYTES);
    const request = Buffer.allocUnsafe(12);
    request.writeBigUInt64LE(BigInt(segment * SEGMENT_BYTES), 0);
    request.writeUInt32LE(length, 8);
    asked.push({ segment, length });
    socket.write(request);
  };
  const take = () => {
    const { segment, length } = asked.shift();
    at = 0;
    ask();
    const bytes = buffer.subarray(0, length);
    if (!blake3(bytes).equals(hashes[segment])) throw new Error(`segment ${segment} is not as it was`);
    writeSync(file, bytes, 0, length, segment * SEGMENT_BYTES);
    if (++done === segments) end();
  };
  socket.connect(port, '127.0.0.1', () => {
    socket.setNoDelay(true);
    for (let count = 0; count < WINDOW; count++) ask();
  });
}

function end() {
  const { user, system } = process.cpuUsage(cpuBefore);
  const seconds = (performance.now() - startedAt) / 1000;
  console.log(JSON.stringify({ seconds, cpuSeconds: (user + system) / 1e6, peakMib: peakMibOf('self') }));
  process.exit(0);
}

function hashesOf(path) {
  const buffer = Buffer.allocUnsafeSlow(SEGMENT_BYTES);
  const source = openSync(path, 'r');
  return Array.from({ length: segments }, (_, segment) => {
    const length = readSync(source, buffer, 0, SEGMENT_BYTES, segment * SEGMENT_BYTES);
    return blake3(buffer.subarray(0, length));
  });
}
