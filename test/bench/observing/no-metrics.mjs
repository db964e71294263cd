// For "node --import": the program that follows counts nothing. What is left is the calls, which do nothing.
import { createRequire } from 'node:module';
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  const client = createRequire(new URL('../../../libs/service/package.json', import.meta.url))('prom-client');
  const nothing = () => ({});
  client.Counter.prototype.incWithoutExemplar = nothing;
  client.Histogram.prototype.observeWithoutExemplar = nothing;
  client.Histogram.prototype.observeWithExemplar = nothing;
  for (const method of ['inc', 'dec', 'set']) client.Gauge.prototype[method] = nothing;
  // Before anybody has imported it: they import what is here by then.
  client.collectDefaultMetrics = nothing;
}
