#!/usr/bin/env node
import v8 from 'node:v8';

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
