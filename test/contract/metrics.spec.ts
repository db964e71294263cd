// What both programs say on /metrics is what the one list says: names, help, types, labels, and every series from the start.
import { DIARY_METRICS, PEER_METRICS, BUILD_INFO_NAME, type MetricDefinition } from '@p2p/service';
import { describe, expect, it } from 'vitest';
import { DiaryMetrics } from '../../apps/diary/src/metrics.js';
import { PeerMetrics } from '../../apps/peer/src/metrics/peer-metrics.js';

const APPS = [
  { app: 'peer', list: Object.values<MetricDefinition>(PEER_METRICS), document: peerDocument },
  { app: 'diary', list: Object.values<MetricDefinition>(DIARY_METRICS), document: diaryDocument },
];

describe.each(APPS)('metrics of the $app', ({ app, list, document }) => {
  it('are those of the list, and no others of ours', async () => {
    const told = new Set([...(await document()).matchAll(/^# TYPE (p2p_\w+) /gm)].map(([, name]) => name));
    expect(told).toEqual(new Set([...list.map(({ name }) => name), BUILD_INFO_NAME]));
  });

  it.each(list)('$name is told as listed, with every series from the start', async (metric) => {
    const { name, type, help, series, buckets } = metric;
    const text = await document();
    expect(text).toContain(`# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`);
    const sample = type === 'histogram' ? `${name}_count` : name;
    const found = [...text.matchAll(new RegExp(`^${sample}(?:\\{(.*)\\})? `, 'gm'))].map(([, labels = '']) =>
      labels.split(',').sort().join(','),
    );
    const listed = series.map((labels) =>
      Object.entries(labels)
        .map(([label, value]) => `${label}="${value}"`)
        .sort()
        .join(','),
    );
    expect(found.sort()).toEqual(listed.sort());
    const bounds = new Set([...text.matchAll(new RegExp(`^${name}_bucket\\{.*?le="([^"]+)"`, 'gm'))].map(([, bound]) => bound));
    expect([...bounds]).toEqual(buckets === undefined ? [] : [...buckets.map(String), '+Inf']);
  });

  it.each(list)('$name is named after its unit, and its series have the labels it names', ({ name, type, labelNames, series }) => {
    expect(name).toMatch(/^p2p_[a-z]+(_[a-z]+)*$/);
    expect(name.endsWith('_total')).toBe(type === 'counter');
    expect(name.endsWith('_seconds') || type !== 'histogram').toBe(true);
    for (const labels of series) expect(Object.keys(labels).sort()).toEqual([...labelNames].sort());
  });

  it('tell Node’s own, and what runs', async () => {
    const text = await document();
    expect(text).toMatch(/^nodejs_eventloop_lag_seconds /m);
    expect(text).toMatch(new RegExp(`^${BUILD_INFO_NAME}\\{app="${app}",version="\\d+\\.\\d+\\.\\d+",node_version="[^"]+"\\} 1$`, 'm'));
  });
});

async function peerDocument(): Promise<string> {
  const metrics = new PeerMetrics();
  metrics.observe({
    downloads: () => ({ active: 0, queued: 0, sources: 0, progressRatio: 1, lastProgressAt: 0 }),
    freeBytes: async () => 1,
  });
  return (await metrics.document()).body;
}

async function diaryDocument(): Promise<string> {
  const metrics = new DiaryMetrics();
  metrics.observe(async () => ({ peers: 0, files: 0, watchers: 0 }));
  return (await metrics.document()).body;
}
