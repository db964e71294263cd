// Images for the nodes: out of the Docker engine into each node's containerd, side by side, without a registry.
import { createHash } from 'node:crypto';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NODES, PAUSE_IMAGE, STATE_DIR } from './settings.mjs';
import { attempt, run } from './shell.mjs';

/** Makes the image that holds a pod's network, in the Docker engine. */
export async function makePauseImage(binaries) {
  if ((await attempt('docker', ['image', 'inspect', PAUSE_IMAGE])) !== undefined) return;
  const folder = await mkdtemp(join(tmpdir(), 'p2p-pause-'));
  try {
    await copyFile(join(binaries, 'pause'), join(folder, 'pause'));
    await run('tar', ['-C', folder, '-cf', join(folder, 'pause.tar'), 'pause']);
    await run('docker', ['import', '--change', 'ENTRYPOINT ["/pause"]', join(folder, 'pause.tar'), PAUSE_IMAGE]);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Whether every node was given an image of this name. */
export async function isLoaded(name) {
  const ids = await Promise.all(NODES.map((node) => loadedId(node, name)));
  return ids.every((id) => id !== '');
}

/** The id, in the Docker engine, of the image of this name that a node was given last; empty where it was given none. */
function loadedId(node, name) {
  return readFile(join(node.dir, markOf(name)), 'utf8').catch(() => '');
}

/** containerd knows the image by another digest than Docker: a file of this name tells what was loaded. */
function markOf(name) {
  return `image-${createHash('sha256').update(name).digest('hex').slice(0, 12)}`;
}

/** Copies the image of this name from the Docker engine to the nodes that do not have it. Throws when the engine has none. */
export async function loadImage(name) {
  const id = await attempt('docker', ['image', 'inspect', '--format', '{{.Id}}', name]);
  if (id === undefined) throw new Error(`the Docker engine has no image ${name}, or does not answer`);
  const mark = markOf(name);
  const lacking = [];
  for (const node of NODES) {
    if ((await loadedId(node, name)) !== id) lacking.push(node);
  }
  if (lacking.length === 0) return;
  const archive = join(STATE_DIR, `${mark}.tar`);
  try {
    await run('docker', ['save', '--output', archive, name]);
    await Promise.all(lacking.map((node) => run('ctr', ['--address', node.socket, '-n', 'k8s.io', 'images', 'import', archive])));
    for (const node of lacking) await writeFile(join(node.dir, mark), id);
  } finally {
    await rm(archive, { force: true });
  }
}
