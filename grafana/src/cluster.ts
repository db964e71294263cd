import { RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { BUILD_INFO_NAME, DIARY_METRICS as D, PEER_METRICS as P } from '@p2p/service';
import { dashboard } from './dashboard.ts';
import { eventLoopLag, increase, node, quantile, rate, series, sum } from './expressions.ts';
import { bars, lines, stat } from './panels.ts';

/** Who is there, who left and why, who serves how much, and how the processes are. */
export const cluster = dashboard({
  uid: 'p2p-cluster',
  title: 'Cluster',
  description: 'Who is there, who left and why, who serves how much, and how the processes are.',
})
  .withRow(new RowBuilder('Who is there?'))
  .withPanel(
    stat({
      title: 'In the diary',
      description: 'Peers with a lease, different contents that somebody holds, and open watches of holders.',
      unit: 'short',
      width: 9,
      queries: [
        { expression: sum(series(D.peers)), legend: 'peers' },
        { expression: sum(series(D.files)), legend: 'files' },
        { expression: sum(series(D.watchers)), legend: 'watchers' },
      ],
    }),
  )
  .withPanel(
    stat({
      title: 'Departed in this time',
      description: 'Peers that are no longer listed, by why: left by themselves, their connection closed, or their lease expired in silence.',
      unit: 'short',
      width: 9,
      queries: [{ expression: increase(D.departures, ['reason']), legend: '{{reason}}' }],
    }),
  )
  .withPanel(
    stat({
      title: 'Running',
      description: 'Processes by program and version. Two versions of one program: a roll-out is under way.',
      unit: 'short',
      width: 6,
      queries: [{ expression: sum(series(node(BUILD_INFO_NAME)), ['app', 'version']), legend: '{{app}} {{version}}' }],
    }),
  )
  .withPanel(
    lines({
      title: 'Peers',
      description: 'Peers with a lease.',
      unit: 'short',
      width: 8,
      queries: [{ expression: sum(series(D.peers)), legend: 'peers' }],
    }),
  )
  .withPanel(
    lines({
      title: 'Departures',
      description: 'Peers a second that are no longer listed, by why.',
      unit: 'cps',
      width: 8,
      queries: [{ expression: rate(D.departures, ['reason']), legend: '{{reason}}' }],
    }),
  )
  .withPanel(
    bars({
      title: 'Who served how much',
      description: 'Bytes of file that each pod served in the time shown.',
      unit: 'bytes',
      width: 8,
      queries: [{ expression: increase(P.transferBytes, ['pod'], { direction: 'upload', form: 'file' }), legend: '{{pod}}' }],
    }),
  )
  .withRow(new RowBuilder('The diary'))
  .withPanel(
    lines({
      title: 'Requests',
      description: 'Requests to the diary a second.',
      unit: 'cps',
      width: 8,
      queries: [{ expression: rate(D.requestDuration, ['request'], {}, '_count'), legend: '{{request}}' }],
    }),
  )
  .withPanel(
    lines({
      title: 'Time to answer',
      description: 'Of all requests; of holders.watch, to its first message.',
      unit: 's',
      width: 8,
      queries: [0.5, 0.99].map((q) => ({ expression: quantile(q, D.requestDuration), legend: `p${q * 100}` })),
    }),
  )
  .withPanel(
    lines({
      title: 'Connections cut off',
      description: 'Frames a second that broke a bound or were not what they must be, diary and peers, by why. Above zero: somebody speaks another protocol, or probes.',
      unit: 'cps',
      width: 8,
      queries: [{ expression: rate(D.framesRejected, ['reason']), legend: '{{reason}}' }],
    }),
  )
  .withPanel(
    lines({
      title: 'Requests refused',
      description:
        'Requests a second that the diary or a peer answered with a failure, by why. BUSY: somebody is at a bound, and is asked again. NOT_HELD, NOT_FOUND: what was asked ' +
        'for has gone. BAD_REQUEST: somebody speaks another protocol.',
      unit: 'cps',
      width: 24,
      queries: [{ expression: rate(D.requestsRefused, ['reason']), legend: '{{reason}}' }],
    }),
  )
  .withRow(new RowBuilder('The processes'))
  .withPanel(
    lines({
      title: 'Event-loop lag, p99',
      description: 'How late the event loop was. Above 50 ms: the process computes too much, or has too little CPU.',
      unit: 's',
      width: 8,
      queries: [{ expression: eventLoopLag(), legend: '{{pod}}' }],
    }),
  )
  .withPanel(
    lines({
      title: 'Resident memory',
      description: 'Target of a peer: 160 MiB, whatever it transfers.',
      unit: 'bytes',
      width: 8,
      queries: [{ expression: series(node('process_resident_memory_bytes')), legend: '{{pod}}' }],
    }),
  )
  .withPanel(
    lines({
      title: 'CPU',
      description: 'Seconds of CPU a second; 100 % is one core.',
      unit: 'percentunit',
      width: 8,
      queries: [{ expression: rate(node('process_cpu_seconds_total'), ['pod']), legend: '{{pod}}' }],
    }),
  )
  .withPanel(
    lines({
      title: 'Open files and sockets',
      description: 'File descriptors of each process. A steady climb is a leak.',
      unit: 'short',
      width: 12,
      queries: [{ expression: series(node('process_open_fds')), legend: '{{pod}}' }],
    }),
  )
  .withPanel(
    lines({
      title: 'Free space for downloads',
      description: 'Free bytes where each peer writes its downloads.',
      unit: 'bytes',
      width: 12,
      queries: [{ expression: series(P.dataFreeBytes), legend: '{{pod}}' }],
    }),
  );
