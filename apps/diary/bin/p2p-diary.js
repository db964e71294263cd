#!/usr/bin/env node
// Plain syntax that old versions of Node can parse, so that they get a line that says so and not a syntax error.

// The first process of a container has no default for signals: one that comes while it starts would be lost, and
// Kubernetes would wait out the whole grace of the pod. Once it has started, it listens itself.
['SIGTERM', 'SIGINT'].forEach(function (signal) {
  process.on(signal, function () {
    if (process.listenerCount(signal) === 1) process.exit(0);
  });
});

if (Number(process.versions.node.split('.')[0]) >= 24) {
  import('../dist/main.js').catch(function (error) {
    console.error(error);
    process.exit(1);
  });
} else {
  process.stderr.write(
    'p2p-diary needs Node 24 or newer; this is ' + process.version + '. Run it with npx from the repository, which brings its own.\n',
  );
  process.exitCode = 1;
}
