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

describe('exemplars', () => {
  const OPEN = { takesOpenMetrics: true };
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  const bucket = 'p2p_segment_transfer_duration_seconds_bucket{le="0.05",direction="download",outcome="verified",codec="zstd"}';

  function peerThatSaw(trace: string | undefined): PeerMetrics {
    const metrics = new PeerMetrics();
    metrics.downloads.segmentTransfer({ outcome: 'verified', codec: 'zstd', seconds: 0.04, traceId: trace });
    return metrics;
  }

  it('name the trace of a segment to a reader of OpenMetrics, and the series are the same as for any other', async () => {
    const metrics = peerThatSaw(traceId);
    const before = (await metrics.document()).body;
    const [open, text] = await Promise.all([metrics.document(OPEN), metrics.document()]);
    expect(open.contentType).toContain('application/openmetrics-text');
    expect(open.body).toContain(`\n${bucket} 1 # {trace_id="${traceId}"} 0.04 `);
    expect(open.body.endsWith('\n# EOF\n')).toBe(true);
    expect(text.contentType).toContain('text/plain');
    expect(text.body).not.toContain(traceId);
    expect(ownSeriesOf(open.body)).toEqual(ownSeriesOf(before));
    expect(ownSeriesOf(text.body)).toEqual(ownSeriesOf(before));
  });

  it('are none without a trace, and then everybody is told the same', async () => {
    const { contentType, body } = await peerThatSaw(undefined).document(OPEN);
    expect(contentType).toContain('text/plain');
    expect(body).toContain(`\n${bucket} 1\n`);
  });
});

function ownSeriesOf(document: string): string[] {
  return [...document.matchAll(/^p2p_[a-z_]+(?:\{.*?\})?(?= )/gm)].map(([series]) => series).sort();
}
