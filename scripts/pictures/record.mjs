// A chaos run on the local cluster: a download in a pod while the process of one holder is killed and the pod of another deleted,
// and what the chart's own Prometheus scraped meanwhile.
import { Battle, TRACE } from '../../test/cluster/chaos/battle.ts';
import { deleteHolders } from '../../test/cluster/chaos/pod-blows.ts';
import { killProcess } from '../../test/cluster/chaos/process-blows.ts';
import { latest, startScrape } from '../../test/cluster/chaos/scrape.ts';
import { Swarm } from '../../test/cluster/chaos/swarm.ts';
import { lacksCluster, theCluster } from '../../test/cluster/tools/cluster.ts';
import { providePrometheus } from '../../test/cluster/tools/chart-prometheus.ts';
import { setup } from '../../test/cluster/tools/setup.ts';
import { chosen } from '../../test/seeing/dashboards.ts';
import { generator } from '../../test/tools/content.ts';
import { eventually } from '../../test/tools/metrics.ts';
import { DEPARTURES, PICTURES } from './panels.mjs';

const SEED = 8;
const WINDOW = '5s';
const SCRAPED_DEADLINE_MS = 30_000;

/**
 * What every panel showed, second by second, and what was done when; times in seconds since the download began. Throws
 * where there is no cluster of ours.
 */
export async function record() {
  const lacking = await lacksCluster();
  if (lacking !== undefined) throw new Error(lacking);
  const cluster = await theCluster();
  if (!cluster.isLocal) throw new Error('a process in a pod can be killed on our own cluster only: npm run cluster:up makes one');
  await setup();
  await providePrometheus(cluster);
  const swarm = await Swarm.open(cluster, { title: 'pictures', seed: SEED, downloaders: 1, pace: 'long', hasPrometheus: true });
  try {
    const scrape = await startScrape(swarm);
    try {
      return await recordOf(swarm, scrape);
    } finally {
      await scrape.stop();
    }
  } finally {
    await swarm.close();
  }
}

async function recordOf(swarm, scrape) {
  const [downloader] = swarm.downloaders;
  const beganAt = Date.now();
  const battle = new Battle(swarm, generator(SEED));
  await battle.reached(0.25);
  await killProcess(battle);
  await battle.reached(0.55);
  await deleteHolders(battle, { count: 1, isForced: true });
  const { blows, downloads } = await battle.ended();
  const endedAt = Date.now() / 1000;
  const scrapedAt = `timestamp(p2p_build_info{pod="${downloader.name}"})`;
  await eventually(
    () => latest(scrape, scrapedAt),
    (at) => at > endedAt,
    SCRAPED_DEADLINE_MS,
  );
  const seconds = Math.ceil((Date.now() - beganAt) / 1000);
  const shown = async (expression) => {
    const choice = { namespace: swarm.lab.namespace, release: 'p2p', interval: WINDOW };
    return pointsOf(await scrape.range(chosen(expression, choice), seconds), beganAt);
  };
  const panels = {};
  for (const { queries } of PICTURES.flatMap((picture) => picture.panels)) {
    for (const { expression } of queries) panels[expression] = await shown(expression);
  }
  const said = await downloader.run(['explain', TRACE]);
  const verbs = ['killed', 'deleted'];
  return {
    recordedAt: new Date(beganAt).toISOString(),
    fileBytes: downloads[0].status.bytes,
    attempts: downloads[0].flight.attempts.length,
    seconds,
    events: blows.map(({ at, victims }, index) => ({ seconds: (at - beganAt) / 1000, what: `${victims[0]} ${verbs[index]}` })),
    departures: await shown(DEPARTURES),
    panels,
    explained: said.trimEnd().split('\n'),
  };
}

function pointsOf(samples, beganAt) {
  return samples.map(({ metric, values }) => ({
    metric,
    values: values
      .map(([time, value]) => [Math.round(time - beganAt / 1000), Number(Number(value).toPrecision(4))])
      .filter(([, value]) => Number.isFinite(value)),
  }));
}
