// Builds zlib-sync for the Node that will run it.
//
// npm would build it itself, but against whatever headers the machine's npm settings name (often those of the
// machine's own, older Node), and then it does not load. npm 11 is told to leave it alone ("allowScripts" in
// package.json); npm 10 does not know that field and builds first, so what it built is tried, and built anew where it
// does not load. Where it cannot be built it is left out: node:zlib inflates instead.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

/** A build takes 10 s on two cores; one that takes this long hangs. */
const BUILD_TIMEOUT_MS = 5 * 60_000;

/**
 * Returns undefined when zlib-sync loads in this Node, else a sentence that says why it does not.
 * @param {{ root: string, env: NodeJS.ProcessEnv }} options
 */
export function installNative({ root, env }) {
  if (loads(root)) return undefined;
  if ((env.npm_config_omit ?? '').split(/\s+/).includes('optional')) return 'optional packages were left out';
  const missing = missingTools(env);
  if (missing.length > 0) return `this machine has no ${missing.join(', no ')}`;
  const npm = env.npm_execpath;
  if (npm === undefined) return 'it is built by npm: run npm ci';
  // npm 10 removes an optional package whose own build failed. The lockfile knows which one it was.
  if (!existsSync(join(root, 'node_modules/zlib-sync/binding.gyp'))) {
    const restored = run(process.execPath, [npm, 'install', '--no-save', '--ignore-scripts'], { cwd: root, env });
    if (restored.status !== 0) return `npm could not bring its source back; ${logged(root, restored)}`;
  }
  const built = run(process.execPath, [nodeGyp(env, npm), 'rebuild'], { cwd: join(root, 'node_modules/zlib-sync'), env: withHeaders(env) });
  if (built.status !== 0) return `its build failed; ${logged(root, built)}`;
  return loads(root) ? undefined : `it was built, but does not load in Node ${process.versions.node}; ${logged(root, built)}`;
}

function loads(root) {
  return spawnSync(process.execPath, ['-e', "require('zlib-sync')"], { cwd: root, stdio: 'ignore' }).status === 0;
}

/** What node-gyp needs and this machine does not have. */
function missingTools(env) {
  if (process.platform === 'win32') return [];
  const has = (name) => (env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, name)));
  return [
    ...(env.CXX !== undefined || ['c++', 'g++', 'clang++'].some(has) ? [] : ['C++ compiler']),
    ...(['make', 'gmake'].some(has) ? [] : ['make']),
    ...(env.PYTHON !== undefined || ['python3', 'python'].some(has) ? [] : ['Python 3']),
  ];
}

/** The node-gyp that comes with npm. */
function nodeGyp(env, npm) {
  return env.npm_config_node_gyp ?? join(dirname(npm), '../node_modules/node-gyp/bin/node-gyp.js');
}

/** The headers that came with the running Node, where there are any; otherwise node-gyp fetches them. */
function withHeaders(env) {
  const prefix = join(dirname(process.execPath), '..');
  return existsSync(join(prefix, 'include/node/node_version.h')) ? { ...env, npm_config_nodedir: prefix } : env;
}

function run(command, args, { cwd, env }) {
  return spawnSync(command, args, { cwd, env, encoding: 'utf8', timeout: BUILD_TIMEOUT_MS, maxBuffer: 64 * 1024 * 1024 });
}

function logged(root, { stdout, stderr, error }) {
  const folder = join(root, 'node_modules/.cache');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'zlib-sync-build.log'), `${stdout ?? ''}\n${stderr ?? ''}\n${error?.message ?? ''}\n`);
  return 'node_modules/.cache/zlib-sync-build.log tells how';
}
