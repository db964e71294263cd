#!/usr/bin/env node
import v8 from 'node:v8';

// The first process of a container has no default for signals: one that comes while it starts would be lost, and
// Kubernetes would wait out the whole grace of the pod. Once it has started, it listens itself.
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => {
    if (process.listenerCount(signal) === 1) process.exit(0);
  });
}

const major = Number(process.versions.node.split('.')[0]);
if (major >= 24) {
  // Starting leaves the young generation at its largest, which no transfer needs: kept small, 25 MiB less are resident.
  v8.setFlagsFromString('--semi-space-growth-factor=1');
  void import('../dist/main.js');
} else {
  console.error(
    `p2p needs Node 24 or newer; this is v${process.versions.node}. Run it with npx from the repository, which brings its own.`,
  );
  process.exit(1);
}
