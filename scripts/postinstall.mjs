// What npm ci does last: builds the one native module for the right Node, then the programs, so that npx p2p-peer runs.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installNative } from './install-native.mjs';

const NODE_MAJOR_MIN = 24;
const root = dirname(dirname(fileURLToPath(import.meta.url)));

if (Number(process.versions.node.split('.')[0]) < NODE_MAJOR_MIN) {
  // npm puts the Node of the lockfile first on the path; here it was left out, or there is none for this platform.
  console.error(`p2p: nothing was built: p2p needs Node ${NODE_MAJOR_MIN} or newer, and this is ${process.version}`);
  process.exit(process.env.P2P_REQUIRE_NATIVE === '1' ? 1 : 0);
}

const why = installNative({ root, env: process.env });
if (why !== undefined && process.env.P2P_REQUIRE_NATIVE === '1') {
  console.error(`p2p: zlib-sync could not be installed, and P2P_REQUIRE_NATIVE=1 asks for it: ${why}`);
  process.exit(1);
}
if (why !== undefined) console.error(`p2p: zlib-sync is left out, and node:zlib inflates instead: ${why}`);

// A production install has no compiler; there the programs come built.
const tsc = join(root, 'node_modules/typescript/bin/tsc');
if (existsSync(tsc)) {
  const { status } = spawnSync(process.execPath, [tsc, '-b', 'apps/diary', 'apps/peer'], { cwd: root, stdio: 'inherit' });
  process.exitCode = status ?? 1;
}
