// The shipped programs on default settings.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Stage } from '../../tools/stage.ts';
import { finished, lastProgressAtMs, listed, share, start, unshare } from '../control.mjs';
import { cpuSecondsOf, UsageSamples } from '../usage.mjs';

/** A diary, `count` peers that share the files, and one that downloads. */
export async function startOurs(folder, { names, count, profileFolder }) {
  const stage = await Stage.open({ folder: join(folder, `ours-${count}`) });
  process.on('exit', () => void stage.close());
  const diary = await stage.startDiary();
  const startPeer = (role, id) => {
    const env = profileFolder === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${join(profileFolder, role)}` };
    return stage.startPeer({ id, env, diary: diary.address });
  };
  const holders = await Promise.all(Array.from({ length: count }, (_, index) => startPeer('holder', `holder-${index}`)));
  for (const name of names) await Promise.all(holders.map((peer) => share(peer, join(folder, name))));
  const cpuSeconds = () => holders.reduce((sum, peer) => sum + cpuSecondsOf(peer.process.pid), 0);
  const resident = await startPeer('loader', 'loader');
  let beginners = 0;
  return {
    /**
     * One download by a peer that is up and has joined: the one that has made those of the other rounds, or where
     * `isNew` one that never made any. The clock runs from the request to the last byte verified and written;
     * `durableSeconds` to the file synced to the disk, in its place and announced, which no rival does.
     */
    async load({ name, output, memory, isNew = false }) {
      const peer = isNew ? await startPeer('loader', `loader-${beginners++}`) : resident;
      await listed(peer, name, count);
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
        /** Otherwise who has downloaded would be a further holder in the next round. */
        async remove() {
          if (isNew) {
            await peer.process.stop();
            await rm(peer.dataDir, { recursive: true });
          } else {
            await unshare(peer, output);
          }
          await rm(output);
        },
      };
    },
    stop: () => stage.stop(),
  };
}
