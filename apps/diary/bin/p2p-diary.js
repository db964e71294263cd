#!/usr/bin/env node
// Plain syntax that old versions of Node can parse, so that they get this line and not a syntax error.
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
