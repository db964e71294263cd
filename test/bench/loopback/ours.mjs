// The shipped programs on default settings.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeContent } from '../../tools/content.ts';
import { Stage } from '../../tools/stage.ts';
import { finished, lastProgressAtMs, listed, share, start, unshare } from '../control.mjs';
import { cpuSecondsOf, UsageSamples } from '../usage.mjs';

/** What a peer downloads before, where it is not to be new. */
const WARM_UP = { name: 'warm-up', kind: 'random', bytes: 256 * 1024 ** 2 };

/** A diary and `count` peers that share the files. `env` is for profiles. */
export async function startOurs(folder, { names, count, compression, profileFolder }) {
  const stage = await Stage.open({ folder: join(folder, `ours-${count}-${compression ?? 'default'}`) });
  process.on('exit', () => void stage.close());
  const diary = await stage.startDiary();
  const env = (role) => (profileFolder === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${join(profileFolder, role)}` });
  const settings = { diary: diary.address, ...(compression === undefined ? {} : { compression }) };
  const peers = await Promise.all(
    Array.from({ length: count }, (_, index) => stage.startPeer({ id: `holder-${index}`, env: env('holder'), ...settings })),
  );
  const warmUpPath = join(stage.folder, WARM_UP.name);
  await writeContent(warmUpPath, { ...WARM_UP, seed: count });
  await Promise.all(peers.map((peer) => share(peer, warmUpPath)));
  for (const name of names) await Promise.all(peers.map((peer) => share(peer, join(folder, name))));
  const cpuSeconds = () => peers.reduce((sum, peer) => sum + cpuSecondsOf(peer.process.pid), 0);
  let loads = 0;
  return {
    /**
     * One download by a peer that is up and has joined; its first where `isNew`, else it has downloaded before, as
     * peers, which run for days, have. The clock runs from the request to the last byte verified and written; `durableSeconds` to the file synced
     * to the disk, in its place and announced, which no rival does.
     */
    async load({ name, output, memory, isNew = false }) {
      const peer = await stage.startPeer({ id: `loader-${loads++}`, env: env('loader'), ...settings });
      await listed(peer, name, count);
      if (!isNew) await warmUp(peer, join(stage.folder, 'warmed-up'));
      const samples = new UsageSamples(peer.process.pid);
      const before = cpuSeconds();
      memory.release();
      const startedAtMs = Date.now();
      const { id } = await start(peer, name, output);
      const { report, totalMs, transferMs } = await finished(peer, id);
      const doneAtMs = Date.now();
      const seederCpuSeconds = cpuSeconds() - before;
      samples.stop();
      const verifiedAtMs = await lastProgressAtMs(peer);
      await peer.process.stop();
      await rm(peer.dataDir, { recursive: true });
      return {
        seconds: (verifiedAtMs - startedAtMs) / 1000,
        cpuSeconds: samples.cpuSecondsAt(verifiedAtMs),
        seederCpuSeconds,
        peakMib: samples.peakMib,
        durableSeconds: (doneAtMs - startedAtMs) / 1000,
        transferSeconds: transferMs / 1000,
        totalSeconds: totalMs / 1000,
        wireRatio:
          report.wireBytes / (report.segmentCount === 0 ? 1 : report.sources.reduce((sum, { fileBytes }) => sum + fileBytes, 0) || 1),
        hedged: report.hedged,
        wastedBytes: report.wastedBytes,
      };
    },
    stop: () => stage.stop(),
  };
}

/** Code that has run a thousand times is compiled by then. */
async function warmUp(peer, output) {
  const { id } = await start(peer, WARM_UP.name, output);
  await finished(peer, id);
  await unshare(peer, output);
  await rm(output);
}
