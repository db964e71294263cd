#!/usr/bin/env node
// The first process of a container is not ended by a signal that it has no listener for, and starting takes a second.
// From then on there is another listener.
['SIGTERM', 'SIGINT'].forEach(function (signal) {
  process.once(signal, function () {
    if (process.listenerCount(signal) === 0) process.exit(signal === 'SIGTERM' ? 143 : 130);
  });
});

// Plain syntax that old versions of Node can parse, so that they get this line and not a syntax error.
if (Number(process.versions.node.split('.')[0]) >= 24) {
  // The first process of a container has no default for signals: without these, one that comes while it starts is lost,
  // and Kubernetes waits out the whole grace of the pod.
  const signals = ['SIGTERM', 'SIGINT'];
  const end = function () {
    process.exit(0);
  };
  signals.forEach(function (signal) {
    process.on(signal, end);
  });
  import('../dist/main.js').then(
    function () {
      signals.forEach(function (signal) {
        process.off(signal, end);
      });
    },
    function (error) {
      console.error(error);
      process.exit(1);
    },
  );
} else {
  process.stderr.write(
    'p2p-diary needs Node 24 or newer; this is ' + process.version + '. Run it with npx from the repository, which brings its own.\n',
  );
  process.exitCode = 1;
}
