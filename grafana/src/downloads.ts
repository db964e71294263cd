import { RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { PEER_METRICS as M } from '@p2p/service';
import { dashboard } from './dashboard.ts';
import { increase, quantile, rate, series, sum } from './expressions.ts';
import { heatmap, lines, stat } from './panels.ts';

const DOWNLOAD = { direction: 'download' };

/** Is it moving, who serves it, what was lost and who took over, what did compression save. */
export const downloads = dashboard({
  uid: 'p2p-downloads',
  title: 'Downloads',
  description: 'Is it moving, how fast, what was lost and taken over, and what compression saved.',
})
  .withRow(new RowBuilder('Is it moving?'))
  .withPanel(
    stat({
      title: 'Under way',
      description: 'Downloads that are being transferred, and those that wait for a place.',
      unit: 'short',
      width: 5,
      queries: [
        { expression: sum(series(M.downloadsActive)), legend: 'active' },
        { expression: sum(series(M.downloadsQueued)), legend: 'queued' },
      ],
    }),
  )
  .withPanel(
    stat({
      title: 'Least progress',
      description: 'Verified over wanted bytes of the pod that is furthest behind. 100 % where nothing is under way.',
      unit: 'percentunit',
      width: 4,
      queries: [{ expression: `min(${series(M.downloadProgress)})`, legend: 'progress' }],
    }),
  )
  .withPanel(
    stat({
      title: 'Longest without progress',
      description: 'Time since a segment was last verified, of pods that are downloading. More than some seconds: nobody serves, or all are very slow.',
      unit: 's',
      width: 4,
      queries: [
        { expression: `max((time() - ${series(M.downloadLastProgress)}) * (${series(M.downloadsActive)} > bool 0))`, legend: 'since progress' },
      ],
    }),
  )
  .withPanel(
    stat({
      title: 'Received',
      description: 'Bytes of file verified a second, all pods together.',
      unit: 'Bps',
      width: 4,
      queries: [{ expression: rate(M.transferBytes, [], { ...DOWNLOAD, form: 'file' }), legend: 'file' }],
    }),
  )
  .withPanel(
    stat({
      title: 'Ended in this time',
      description: 'Downloads that ended in the time shown, by how.',
      unit: 'short',
      width: 7,
      queries: [{ expression: increase(M.downloadDuration, ['outcome'], { phase: 'total' }, '_count'), legend: '{{outcome}}' }],
    }),
  )
  .withPanel(
    lines({
      title: 'Received by pod',
      description: 'Bytes of file verified a second by each downloading pod.',
      unit: 'Bps',
      width: 12,
      queries: [{ expression: rate(M.transferBytes, ['pod'], { ...DOWNLOAD, form: 'file' }), legend: '{{pod}}' }],
    }),
  )
  .withPanel(
    lines({
      title: 'Served by pod',
      description: 'Bytes sent a second by each serving pod, as encoded. A pod at zero while others serve has left, is not asked, or is held back.',
      unit: 'Bps',
      width: 12,
      stacked: true,
      queries: [{ expression: rate(M.transferBytes, ['pod'], { direction: 'upload', form: 'wire' }), legend: '{{pod}}' }],
    }),
  )
  .withPanel(
    lines({
      title: 'Progress',
      description: 'Verified over wanted bytes of each pod’s active downloads; 100 % when it has none.',
      unit: 'percentunit',
      width: 8,
      max: 1,
      queries: [{ expression: series(M.downloadProgress), legend: '{{pod}}' }],
    }),
  )
  .withPanel(
    lines({
      title: 'Segments in flight',
      description: 'Segments asked for and not yet received, and segments being sent.',
      unit: 'short',
      width: 8,
      queries: [{ expression: sum(series(M.segmentsInFlight), ['direction']), legend: '{{direction}}' }],
    }),
  )
  .withPanel(
    lines({
      title: 'Sources',
      description: 'Connected sources of all active downloads, by downloading pod. One that serves two downloads counts twice.',
      unit: 'short',
      width: 8,
      queries: [{ expression: series(M.downloadSources), legend: '{{pod}}' }],
    }),
  )
  .withRow(new RowBuilder('How long does a segment take?'))
  .withPanel(
    heatmap({
      title: 'Time of a segment',
      description: 'From asking for a segment to its verification: how many took how long.',
      unit: 's',
      width: 12,
      queries: [{ expression: rate(M.segmentTransfer, ['le'], { ...DOWNLOAD, outcome: 'verified' }, '_bucket'), legend: '{{le}}' }],
    }),
  )
  .withPanel(
    lines({
      title: 'Time of a segment, quantiles',
      description: 'From asking for a segment to its verification.',
      unit: 's',
      width: 12,
      queries: [0.5, 0.95, 0.99].map((q) => ({
        expression: quantile(q, M.segmentTransfer, [], { ...DOWNLOAD, outcome: 'verified' }),
        legend: `p${q * 100}`,
      })),
    }),
  );

for (const q of [0.5, 0.95, 0.99]) {
  downloads.withPanel(
    lines({
      title: `Phases of a segment, p${q * 100}`,
      description: 'Where a segment’s time goes: until its first byte, its body, waiting for the worker, decoding, hashing, writing.',
      unit: 's',
      width: 8,
      queries: [{ expression: quantile(q, M.segmentPhase, ['phase']), legend: '{{phase}}' }],
    }),
  );
}

downloads
  .withRow(new RowBuilder('What was lost, and who took over?'))
  .withPanel(
    lines({
      title: 'Redistributed segments',
      description: 'Segments that one holder owed and another was to deliver, by why. A spike of source_left: a pod died or left.',
      unit: 'cps',
      width: 8,
      queries: [{ expression: rate(M.redistributed, ['reason']), legend: '{{reason}}' }],
    }),
  )
  .withPanel(
    lines({
      title: 'Hedged segments',
      description: 'Segments asked of a second holder because the first was slow.',
      unit: 'cps',
      width: 8,
      queries: [{ expression: rate(M.hedged, ['pod']), legend: '{{pod}}' }],
    }),
  )
  .withPanel(
    lines({
      title: 'Wasted and rejected',
      description: 'Bytes received that became no segment, and segments that were not accepted, by why. Failed verification: a holder lies or its disk does.',
      unit: 'short',
      width: 8,
      queries: [
        { expression: rate(M.hedgeWasted, []), legend: 'wasted bytes/s' },
        { expression: rate(M.rejected, ['reason']), legend: '{{reason}}/s' },
      ],
    }),
  )
  .withRow(new RowBuilder('What did compression save?'))
  .withPanel(
    lines({
      title: 'Wire against file',
      description: 'Bytes received as encoded, and bytes of file they became.',
      unit: 'Bps',
      width: 8,
      queries: [{ expression: rate(M.transferBytes, ['form'], DOWNLOAD), legend: '{{form}}' }],
    }),
  )
  .withPanel(
    lines({
      title: 'Kept off the wire',
      description: 'Bytes a second that compression kept off the wire.',
      unit: 'Bps',
      width: 8,
      queries: [{ expression: rate(M.compressionSaved, ['direction']), legend: '{{direction}}' }],
    }),
  )
  .withPanel(
    lines({
      title: 'Codecs',
      description: 'Verified segments a second, by how they were encoded.',
      unit: 'cps',
      width: 8,
      stacked: true,
      queries: [{ expression: rate(M.segmentTransfer, ['codec'], { ...DOWNLOAD, outcome: 'verified' }, '_count'), legend: '{{codec}}' }],
    }),
  );
