import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Stage } from '../../tools/stage.ts';
import { downloadOf, finished, lastProgressAtMs, listed, share, start } from '../control.mjs';
import { PAYLOAD_SHARE } from '../../tools/network-namespace.ts';

const NAME = 'file';
const POLL_MS = 10;
const MANY = 8;

/** What is run on which links, and how long it takes at best: how many bytes fit into the links, and how they are used. */
export const SCENARIOS = {
  sources: ({ sources, rateBytes, seconds }) =>
    sources.map((count) => ({
      title: `${count} source${count === 1 ? '' : 's'}`,
      bytes: Math.round(count * rateBytes * seconds),
      perform: (place) => download(place, { rates: Array.from({ length: count }, () => rateBytes) }),
    })),
  slow: ({ rateBytes, seconds }) => [
    {
      title: '3 sources, one at a tenth',
      bytes: Math.round(2.1 * rateBytes * seconds),
      perform: (place) => download(place, { rates: [rateBytes, rateBytes, rateBytes / 10] }),
    },
  ],
  killed: ({ rateBytes, seconds }) => [
    {
      title: '3 sources, one killed half way',
      bytes: Math.round(2.4 * rateBytes * seconds),
      perform: (place) => download(place, { rates: [rateBytes, rateBytes, rateBytes], isOneKilled: true }),
    },
  ],
  crowd: ({ rateBytes, seconds }) => [
    { title: `${MANY} downloaders of 1 holder`, bytes: Math.round(rateBytes * seconds), perform: (place) => crowd(place, { rateBytes }) },
  ],
};

export function scenariosOf(names, options) {
  return names.flatMap((name) => SCENARIOS[name](options));
}

/** One download from sources with these rates, and the optimum: all of them together, at all times. */
async function download({ folder, path, bytes, network }, { rates, isOneKilled = false }) {
  await using stage = await Stage.open({ folder: join(folder, 'stage') });
  const { port } = await stage.startDiary();
  const diary = `${network.address}:${port}`;
  const holders = await Promise.all(rates.map((upBytes, index) => peerOn(stage, network, { id: `holder-${index}`, diary, upBytes })));
  await Promise.all(holders.map((holder) => share(holder, path)));
  const loader = await peerOn(stage, network, { id: 'loader', diary });
  await listed(loader, NAME, rates.length);
  const output = join(folder, 'output');
  const startedAtMs = Date.now();
  const { id } = await start(loader, NAME, output);
  let rate = sum(rates);
  let left = bytes;
  let optimum = 0;
  if (isOneKilled) {
    while ((await downloadOf(loader, id)).verifiedBytes < bytes / 2) await delay(POLL_MS);
    holders[0].process.kill('SIGKILL');
    optimum = bytes / 2 / (rate * PAYLOAD_SHARE);
    left = bytes / 2;
    rate -= rates[0];
  }
  const { report } = await finished(loader, id);
  execFileSync('cmp', [path, output]);
  const seconds = ((await lastProgressAtMs(loader)) - startedAtMs) / 1000;
  return { seconds, optimum: optimum + left / (rate * PAYLOAD_SHARE), wastedBytes: report.wastedBytes, report };
}

/** All begin at once; the optimum is one file over the holder's link, while they trade the pieces among themselves. */
async function crowd({ folder, path, bytes, network }, { rateBytes }) {
  await using stage = await Stage.open({ folder: join(folder, 'stage') });
  const { port } = await stage.startDiary();
  const diary = `${network.address}:${port}`;
  const holder = await peerOn(stage, network, { id: 'holder', diary, upBytes: rateBytes });
  await share(holder, path);
  const loaders = await Promise.all(
    Array.from({ length: MANY }, (_, index) =>
      peerOn(stage, network, { id: `loader-${index}`, diary, upBytes: rateBytes, downBytes: 2 * rateBytes }),
    ),
  );
  await Promise.all(loaders.map((loader) => listed(loader, NAME, 1)));
  const startedAtMs = Date.now();
  const each = await Promise.all(
    loaders.map(async (loader) => {
      const output = join(folder, loader.id);
      const { id } = await start(loader, NAME, output);
      const { report } = await finished(loader, id);
      execFileSync('cmp', [path, output]);
      return { seconds: ((await lastProgressAtMs(loader)) - startedAtMs) / 1000, wastedBytes: report.wastedBytes };
    }),
  );
  return {
    seconds: Math.max(...each.map(({ seconds }) => seconds)),
    optimum: bytes / (rateBytes * PAYLOAD_SHARE),
    wastedBytes: Math.max(...each.map(({ wastedBytes }) => wastedBytes)),
    each,
  };
}

async function peerOn(stage, network, { id, diary, upBytes, downBytes, ...options }) {
  const { network: place } = await network.node({ upBytes, downBytes });
  return stage.startPeer({ id, diary, network: place, ...options });
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}
