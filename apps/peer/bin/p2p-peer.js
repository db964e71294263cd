#!/usr/bin/env node
import v8 from 'node:v8';

// The first process of a container is not ended by a signal that it has no listener for, and starting takes a second.
// From then on there is another listener.
['SIGTERM', 'SIGINT'].forEach(function (signal) {
  process.once(signal, function () {
    if (process.listenerCount(signal) === 0) process.exit(signal === 'SIGTERM' ? 143 : 130);
  });
});

const major = Number(process.versions.node.split('.')[0]);
if (major >= 24) {
  // Starting leaves the young generation at its largest, which no transfer needs: kept small, 25 MiB less are resident.
  v8.setFlagsFromString('--semi-space-growth-factor=1');
  // The first process of a container has no default for signals: without these, one that comes while it starts is lost,
  // and Kubernetes waits out the whole grace of the pod.
  const signals = ['SIGTERM', 'SIGINT'];
  const end = () => process.exit(0);
  for (const signal of signals) process.on(signal, end);
  void import('../dist/main.js').then(() => signals.forEach((signal) => process.off(signal, end)));
} else {
  console.error(
    `p2p needs Node 24 or newer; this is v${process.versions.node}. Run it with npx from the repository, which brings its own.`,
  );
  process.exit(1);
}
