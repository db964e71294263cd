// node sweep.mjs LABEL=VALUE FOLDER: waits until its standard input ends, then removes every container, network and volume with that
// label, and the folder.
//
// It runs in a session of its own: whoever holds the other end of the pipe may be killed in any way, and nothing is left behind.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { isAbsolute } from 'node:path';

const DOCKER_TIMEOUT_MS = 60_000;
const [, , label, folder] = process.argv;
if (!/^[\w.-]+=[\w.-]+$/.test(label ?? '') || !isAbsolute(folder ?? '')) {
  console.error('usage: sweep.mjs LABEL=VALUE FOLDER');
  process.exit(2);
}

// A Ctrl-C in the terminal is for those who run the tests; this goes on until they are gone.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);
process.stdin.resume();
process.stdin.on('error', sweep).on('close', sweep);

let hasSwept = false;
function sweep() {
  if (hasSwept) return;
  hasSwept = true;
  const filter = `label=${label}`;
  removeAll(['ps', '--all', '--quiet', '--filter', filter], ['rm', '--force', '--volumes']);
  removeAll(['network', 'ls', '--quiet', '--filter', filter], ['network', 'rm']);
  removeAll(['volume', 'ls', '--quiet', '--filter', filter], ['volume', 'rm', '--force']);
  rmSync(folder, { recursive: true, force: true });
  process.exit();
}

function removeAll(list, remove) {
  const ids = docker(list).split('\n').filter(Boolean);
  if (ids.length > 0) docker([...remove, ...ids]);
}

function docker(args) {
  return spawnSync('docker', args, { encoding: 'utf8', timeout: DOCKER_TIMEOUT_MS }).stdout ?? '';
}
