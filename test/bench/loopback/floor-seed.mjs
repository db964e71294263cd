// floor-seed.mjs PORT FILE: answers each request (offset, length) with those bytes of the file, and nothing else.
import { openSync, read } from 'node:fs';
import { createServer } from 'node:net';

const [port, path] = process.argv.slice(2);
const file = openSync(path, 'r');
const REQUEST_BYTES = 12;
const free = [];

const server = createServer({ noDelay: true }, (socket) => {
  let rest = Buffer.alloc(0);
  // Reads overlap, answers keep their order.
  let last = Promise.resolve();
  socket.on('error', () => socket.destroy());
  socket.on('data', (data) => {
    rest = rest.length === 0 ? data : Buffer.concat([rest, data]);
    for (; rest.length >= REQUEST_BYTES; rest = rest.subarray(REQUEST_BYTES)) {
      const piece = readPiece(Number(rest.readBigUInt64LE(0)), rest.readUInt32LE(8));
      last = last.then(async () => send(socket, await piece));
    }
  });
});
server.listen(Number(port), '127.0.0.1', () => console.log('READY'));

function readPiece(offset, length) {
  const buffer = free.pop() ?? Buffer.allocUnsafeSlow(1024 * 1024);
  return new Promise((resolve, reject) => {
    read(file, buffer, 0, length, offset, (error) => (error ? reject(error) : resolve(buffer.subarray(0, length))));
  });
}

function send(socket, piece) {
  socket.write(piece, () => free.push(Buffer.from(piece.buffer)));
}
