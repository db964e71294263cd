// Peers that hold one file, and a new peer that downloads it.
import { basename } from 'node:path';
import { sha256Of } from './content.ts';
import type { Peer, PeerOptions, Stage } from './stage.ts';
import { listed, share, startGet, type Report, type RunningGet, type Status } from './transfer.ts';

/** Starts a peer for each of the options; all of them share the file. */
export async function startHolders(stage: Stage, path: string, options: readonly PeerOptions[]): Promise<readonly Peer[]> {
  const peers = await Promise.all(options.map((each) => stage.startPeer(each)));
  await Promise.all(peers.map((peer) => share(peer, path)));
  return peers;
}

export interface Fetched {
  readonly status: Status & { readonly report: Report };
  readonly sha256: string;
}

/** A new peer, which knows of exactly so many complete holders of the file. */
export async function startDownloader(
  stage: Stage,
  options: PeerOptions & { readonly name: string; readonly holders: number },
): Promise<Peer> {
  const { name, holders, ...peerOptions } = options;
  const peer = await stage.startPeer(peerOptions);
  await listed(peer, (lines) => lines.some((line) => line.name === name && line.complete === holders));
  return peer;
}

/** The download at its end, and the hash of what it left on disk. */
export async function finish(get: RunningGet): Promise<Fetched> {
  const status = await get.done;
  return { status, sha256: await sha256Of(status.output) };
}

/** Lets a new peer download the file from its holders. The peer is gone again afterwards. */
export async function fetchOnce(
  stage: Stage,
  options: { readonly id: string; readonly path: string; readonly holders: number },
): Promise<Fetched> {
  const name = basename(options.path);
  const peer = await startDownloader(stage, { id: options.id, name, holders: options.holders });
  const fetched = await finish(startGet(peer, { target: name }));
  await peer.process.stop();
  return fetched;
}
