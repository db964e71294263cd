#!/usr/bin/env node
const major = Number(process.versions.node.split('.')[0]);
if (major >= 24) {
  void import('../dist/cli/main.js');
} else {
  console.error(
    `p2p needs Node 24 or newer; this is v${process.versions.node}. Run it with npx from the repository, which brings its own.`,
  );
  process.exit(1);
}
