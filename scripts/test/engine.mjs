import { spawnSync } from 'node:child_process';

const ANSWER_TIMEOUT_MS = 10_000;

/** Why no test can run a container here, and how to change that; undefined where a Docker engine answers. */
export function lacksEngine() {
  const { status, error } = spawnSync('docker', ['info'], { stdio: 'ignore', timeout: ANSWER_TIMEOUT_MS });
  if (status === 0) return undefined;
  const why = error?.code === 'ENOENT' ? 'there is no docker command' : 'no Docker engine answers';
  return `${why}; as root on Debian, \`.ci/engine start\` installs and starts one`;
}
