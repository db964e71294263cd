/**
 * observability.enabled=true on a real Kubernetes: its Prometheus finds every pod by name, and every panel and rule has data
 * from it. Grafana's image cannot be made up where it cannot be pulled, so it is switched off here.
 */
import { afterAll, expect, it } from 'vitest';
import { chosen, DASHBOARDS, departuresOf, PANELS, SECONDS_SHOWN } from '../seeing/dashboards.ts';
import { hasNumbers, rangeOf, type Sample } from '../seeing/prometheus.ts';
import { eventually } from '../tools/metrics.ts';
import type { Forward } from './tools/forward.ts';
import { labOfFile } from './tools/lab.ts';
import { DOWNLOADS } from './tools/peer-pod.ts';
import { forwardPrometheus, providePrometheus, WITH_PROMETHEUS } from './tools/chart-prometheus.ts';

const PEERS = 3;
const HOLDERS = 2;
/** 0.5 MB/s a holder: the download takes seconds, in which there are scrapes. */
const DELAY_MS = 2;
const FILE = 'data.bin';
const MIB = 1024 * 1024;
const FILE_BYTES = 6 * MIB;
const SCRAPED_MS = 90_000;
const RULES = 9;

interface Rules {
  readonly data: {
    readonly groups: readonly {
      readonly rules: readonly { readonly name: string; readonly health: string; readonly lastError?: string }[];
    }[];
  };
}

let prometheus: Forward | undefined;
const url = (): string => prometheus?.url ?? '';

const lab = labOfFile(
  'observed',
  async (open) => {
    await providePrometheus(open.cluster);
    await open.install({ values: { peer: { replicas: PEERS, packetDelayMs: DELAY_MS }, observability: WITH_PROMETHEUS } });
    prometheus = await forwardPrometheus(open);
  },
  { 'pod-security.kubernetes.io/enforce': 'restricted' },
);

afterAll(async () => {
  await prometheus?.close();
});

/** Until Prometheus says so of what it scraped. */
async function seen(expression: string, accepts: (samples: readonly Sample[]) => boolean = (samples) => samples.length > 0): Promise<void> {
  await eventually(async () => rangeOf(url(), expression, 1), accepts, SCRAPED_MS);
}

const podsUp = (...pods: readonly string[]) => {
  const wanted = pods.toSorted().join(' ');
  return (samples: readonly Sample[]): boolean => {
    const up = samples.filter(({ values }) => values.at(-1)?.[1] === '1').map(({ metric }) => metric['pod'] ?? '');
    return up.toSorted().join(' ') === wanted;
  };
};
const peers = (count: number): readonly string[] => Array.from({ length: count }, (_, number) => `p2p-peer-${number}`);

it('finds the diary and every peer by name, under the labels that the dashboards choose by', async () => {
  await seen(`up{namespace="${lab().namespace}", release="p2p"}`, podsUp('p2p-diary', ...peers(PEERS)));
});

it('sees a download, and a holder that leaves under it', async () => {
  const first = lab().peer(0);
  // Half of it can be compressed.
  const script = `mkdir -p ${DOWNLOADS} && { head -c ${FILE_BYTES / 2} /dev/urandom; yes | head -c ${FILE_BYTES / 2}; } > ${DOWNLOADS}/${FILE}`;
  expect((await first.exec(['sh', '-euc', script])).code).toBe(0);
  await first.run(['share', `${DOWNLOADS}/${FILE}`]);
  const sha256 = await first.sha256(`${DOWNLOADS}/${FILE}`);
  const downloader = lab().peer(PEERS - 1);
  await downloader.listed(FILE, 1);
  for (let number = 1; number < HOLDERS; number += 1) await lab().peer(number).get(FILE);
  await downloader.listed(FILE, HOLDERS);
  const get = downloader.startGet(FILE);
  await get.reached(0.2);
  await eventually(
    () => first.metric('p2p_segments_in_flight', { direction: 'upload' }),
    (owed) => owed > 0,
    SCRAPED_MS,
  );
  await lab().kubectl(['delete', 'pod', first.name, '--wait=false']);
  await get.done;
  expect(await downloader.sha256(`${DOWNLOADS}/${FILE}`)).toBe(sha256);
  await seen('sum(p2p_diary_departures_total) > 0');
  await seen('sum(increase(p2p_download_duration_seconds_count{outcome="done"}[1m])) > 0');
});

it('fills every panel with data of this release', async () => {
  const empty: string[] = [];
  for (const { dashboard, title, panel } of PANELS) {
    for (const { expr } of panel.targets ?? []) {
      const expression = chosen(expr, { namespace: lab().namespace, release: 'p2p' });
      if (!hasNumbers(await rangeOf(url(), expression, SECONDS_SHOWN))) empty.push(`${dashboard}, ${title}: ${expression}`);
    }
  }
  expect(empty).toEqual([]);
});

it.each(DASHBOARDS)('the holder that departed is marked on $title', async (dashboard) => {
  const expression = chosen(departuresOf(dashboard), { namespace: lab().namespace, release: 'p2p' });
  expect(await rangeOf(url(), expression, SECONDS_SHOWN)).not.toHaveLength(0);
});

it('evaluates every rule, and records what it is to record', async () => {
  const answer = await fetch(`${url()}/api/v1/rules`);
  const { data } = (await answer.json()) as Rules;
  const rules = data.groups.flatMap((group) => group.rules);
  expect(rules).toHaveLength(RULES);
  expect(rules.filter(({ health, lastError }) => health !== 'ok' || lastError !== undefined)).toEqual([]);
  for (const { name } of rules.filter(({ name: each }) => each.startsWith('release:'))) {
    expect(hasNumbers(await rangeOf(url(), name, SECONDS_SHOWN)), name).toBe(true);
  }
});

it('follows when the peers become more, and fewer', async () => {
  for (const count of [PEERS + 1, 2]) {
    await lab().scale(count);
    await seen(`up{job="p2p"}`, podsUp('p2p-diary', ...peers(count)));
  }
});

it('is gone with the release', async () => {
  await lab().helm(['uninstall', 'p2p', '--wait']);
  expect(await lab().objects(['deployments', 'services', 'configmaps', 'networkpolicies', 'serviceaccounts'])).toEqual([]);
});
