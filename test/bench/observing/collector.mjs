// Takes whatever traces come.
import { createServer } from 'node:http';

export async function startCollector() {
  const collector = { requests: 0, url: '', close: () => server.close() };
  const server = createServer((request, response) => {
    collector.requests++;
    request.resume();
    request.on('end', () => response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end());
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  collector.url = `http://127.0.0.1:${server.address().port}`;
  return collector;
}
