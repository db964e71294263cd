import { RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { PEER_METRICS as M } from '@p2p/service';
import { dashboard } from './dashboard.ts';
import { eventLoopLag, node, rate, sum } from './expressions.ts';
import { bars, lines, stat } from './panels.ts';

const PHASE_SECONDS = rate(M.segmentPhase, ['pod', 'phase'], {}, '_sum');
const ALL_PHASES = rate(M.segmentPhase, ['phase'], {}, '_sum');

/** Queue, first byte, body, decompress, verify and write side by side, per pod, and the largest by name. */
export const whySlow = dashboard({
  uid: 'p2p-why-slow',
  title: 'Why is it slow?',
  description:
    'Where the time of segments goes, per downloading pod, with the largest named. first_byte: sources answer late, or queue. body: the link, or a delay at the ' +
    'source. queue: the worker cannot follow: CPU. decompress, verify: CPU. write: the disk.',
})
  .withRow(new RowBuilder('What bounds it'))
  .withPanel(
    stat({
      title: 'What bounds the speed',
      description: 'What running downloads wait for most, all chosen pods together, and how many downloads wait for it on average.',
      unit: 'short',
      width: 6,
      named: true,
      queries: [{ expression: `topk(1, ${rate(M.downloadLimited, ['by'])})`, legend: '{{by}}' }],
    }),
  )
  .withPanel(
    stat({
      title: 'What bounds each pod',
      description: 'What the downloads of each pod wait for most, and how many of them wait for it on average. `p2p explain` says the same of one download.',
      unit: 'short',
      width: 6,
      named: true,
      queries: [{ expression: `topk by (pod) (1, ${rate(M.downloadLimited, ['pod', 'by'])})`, legend: '{{pod}}: {{by}}' }],
    }),
  )
  .withPanel(
    lines({
      title: 'What bounds it, over time',
      description:
        'How many downloads are bounded by each on average. source: it reads, compresses or computes all it can. link: nothing else is busy. disk: it is written to all the ' +
        'time. cpu: a thread of the downloader computes or waits for a CPU. delay: sources hold packets back.',
      unit: 'short',
      width: 12,
      queries: [{ expression: rate(M.downloadLimited, ['by']), legend: '{{by}}' }],
    }),
  )
  .withRow(new RowBuilder('The largest'))
  .withPanel(
    stat({
      title: 'Most of the time goes to',
      description: 'The phase in which segments spend most time, all chosen pods together, and its share.',
      unit: 'percentunit',
      width: 12,
      named: true,
      queries: [{ expression: `topk(1, ${ALL_PHASES} / ignoring(phase) group_left () ${sum(ALL_PHASES)})`, legend: '{{phase}}' }],
    }),
  )
  .withPanel(
    stat({
      title: 'By pod',
      description: 'The phase in which each downloading pod’s segments spend most time, and how many segments are in it on average.',
      unit: 'short',
      width: 12,
      named: true,
      queries: [{ expression: `topk by (pod) (1, ${PHASE_SECONDS})`, legend: '{{pod}}: {{phase}}' }],
    }),
  )
  .withRow(new RowBuilder('Side by side'))
  .withPanel(
    bars({
      title: 'Segments in each phase',
      description: 'How many segments are in each phase on average, per pod: seconds spent in it, a second.',
      unit: 'short',
      width: 12,
      queries: [{ expression: PHASE_SECONDS, legend: '{{pod}} {{phase}}' }],
    }),
  )
  .withPanel(
    lines({
      title: 'Mean time in each phase',
      description: 'Mean seconds of a segment in each phase.',
      unit: 's',
      width: 12,
      queries: [
        {
          expression: `${rate(M.segmentPhase, ['phase'], {}, '_sum')} / ${rate(M.segmentPhase, ['phase'], {}, '_count')}`,
          legend: '{{phase}}',
        },
      ],
    }),
  )
  .withRow(new RowBuilder('What the machines say'))
  .withPanel(
    lines({
      title: 'CPU by pod',
      description: 'Near 100 % on a downloader: decoding, hashing or its event loop bound it. Near 100 % on a source: it compresses too much for its CPU.',
      unit: 'percentunit',
      width: 8,
      queries: [{ expression: rate(node('process_cpu_seconds_total'), ['pod']), legend: '{{pod}}' }],
    }),
  )
  .withPanel(
    lines({
      title: 'Event-loop lag by pod, p99',
      description: 'A late event loop delays everything else.',
      unit: 's',
      width: 8,
      queries: [{ expression: eventLoopLag(), legend: '{{pod}}' }],
    }),
  )
  .withPanel(
    lines({
      title: 'Sent by source',
      description: 'Bytes sent a second. One far below the others: a slow source or link; all equal and low: their link or delay.',
      unit: 'Bps',
      width: 8,
      queries: [{ expression: rate(M.transferBytes, ['pod'], { direction: 'upload', form: 'wire' }), legend: '{{pod}}' }],
    }),
  );
