// For "node --import": the program that follows counts nothing. What is left is the calls, which do nothing.
import { createRequire } from 'node:module';
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  const service = new URL('../../../libs/service/', import.meta.url);
  const client = createRequire(new URL('package.json', service))('prom-client');
  const { Distribution } = await import(new URL('dist/metrics/distribution.js', service));
  const { Tally } = await import(new URL('dist/metrics/tally.js', service));
  const nothing = () => ({});
  Distribution.prototype.observe = nothing;
  Tally.prototype.add = nothing;
  client.Counter.prototype.incWithoutExemplar = nothing;
  client.Histogram.prototype.observeWithoutExemplar = nothing;
  for (const method of ['inc', 'dec', 'set']) client.Gauge.prototype[method] = nothing;
  // Before anybody has imported it: they import what is here by then.
  client.collectDefaultMetrics = nothing;
}
