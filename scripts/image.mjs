// npm run image: builds the image p2p, tagged p2p:test and with the version, from the Dockerfile.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const { stdout: revision } = spawnSync('git', ['rev-parse', 'HEAD'], { cwd: root, encoding: 'utf8' });

run('test/containers/base-image');
run('docker', [
  'build',
  ...['--tag', 'p2p:test', '--tag', `p2p:${version}`],
  ...['--build-arg', `VERSION=${version}`, '--build-arg', `REVISION=${revision?.trim() || 'unknown'}`],
  '.',
]);

function run(command, args = []) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (status === 0) return;
  if (error !== undefined) console.error(error.message);
  process.exit(1);
}
