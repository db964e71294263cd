import type { DownloadStatus } from '../../control/api.js';
import { gainOf, type Gain } from './gain.js';
import { showBytes, showCount, showDuration, showPercent, showRate } from './numbers.js';
import type { Style } from './style.js';
import { table, type Column } from './table.js';
import { padEnd, safe } from './text.js';

type Report = NonNullable<DownloadStatus['report']>;

const LABEL_CELLS = 17;

const SOURCE_COLUMNS: readonly Column[] = [
  { title: 'SOURCE', align: 'left' },
  { title: 'SEGMENTS', align: 'right' },
  { title: 'FILE', align: 'right' },
  { title: 'WIRE', align: 'right' },
  { title: 'SHARE', align: 'right' },
  { title: 'STATE', align: 'left' },
];

const REASONS: Readonly<Record<keyof Report['redistributed'], string>> = {
  source_left: 'source left',
  source_silent: 'source silent',
  source_slow: 'source slow',
  corrupt: 'corrupt',
  refused: 'refused',
};

/** The account of a download that is done. */
export function downloadReport(status: DownloadStatus, style: Style): string[] {
  const { report } = status;
  const lines = [
    `${style.paint('green', style.tick)} ${style.paint('bold', safe(status.name))}  ${showBytes(status.bytes)}`,
    labelled('saved as', safe(status.output), style),
    labelled('file id', status.id, style),
    labelled('parallel transfer', showDuration(status.transferMs), style),
    labelled('total', showDuration(status.totalMs), style),
  ];
  if (report === undefined) return lines;
  lines.push(...accountOf(status, report).map(([label, value]) => labelled(label, value, style)));
  return report.sources.length === 0 ? lines : [...lines, '', ...table(SOURCE_COLUMNS, sourceRows(report), style)];
}

function labelled(label: string, value: string, style: Style): string {
  return `  ${style.paint('dim', padEnd(label, LABEL_CELLS))}  ${value}`;
}

function accountOf(status: DownloadStatus, report: Report): [string, string][] {
  const fetchedBytes = report.verifiedBytes - report.resumedBytes;
  const rate = status.transferMs > 0 && fetchedBytes > 0 ? showRate(fetchedBytes / (status.transferMs / 1000)) : 'nothing to transfer';
  const gain = gainOf(report, status.transferMs);
  return [
    ['average rate', rate],
    ['speed-up', speedUpOf(gain)],
    ['received', receivedOf(report, fetchedBytes, gain)],
    ['redistributed', redistributedOf(report)],
    ['hedged', showCount(report.hedged, 'segment')],
    [
      'wasted',
      report.wastedBytes === 0
        ? '0 B'
        : `${showBytes(report.wastedBytes)}, ${showPercent(report.wastedBytes, report.wireBytes)} of what came`,
    ],
    ['rejected', showCount(report.rejected, 'segment')],
    [
      'resumed',
      report.segmentsResumed === 0 ? '0 B' : `${showBytes(report.resumedBytes)} in ${showCount(report.segmentsResumed, 'segment')}`,
    ],
  ];
}

/** Where sources share a link the fastest would have been faster alone. */
function speedUpOf({ speedUp }: Gain): string {
  return speedUp === undefined ? 'one source' : `at most ${speedUp.toFixed(1)} times the fastest source alone`;
}

/** Bytes on the wire against bytes of file. What was wasted came too, so more than the file is possible. */
function receivedOf(report: Report, fetchedBytes: number, { savedBytes, savedMs }: Gain): string {
  const sizes = `${showBytes(report.wireBytes)} on the wire for ${showBytes(fetchedBytes)} of file`;
  if (savedBytes <= fetchedBytes / 1000) return sizes;
  return `${sizes}, ${showPercent(savedBytes, fetchedBytes)} saved, about ${showDuration(savedMs)}`;
}

function redistributedOf(report: Report): string {
  const reasons = Object.entries(REASONS).map(([reason, words]) => ({
    words,
    count: report.redistributed[reason as keyof Report['redistributed']],
  }));
  const total = reasons.reduce((sum, each) => sum + each.count, 0);
  const parts = reasons.filter((each) => each.count > 0).map((each) => `${each.count} ${each.words}`);
  return total === 0 ? '0 segments' : `${showCount(total, 'segment')} (${parts.join(', ')})`;
}

function sourceRows(report: Report): string[][] {
  const totalBytes = report.sources.reduce((sum, each) => sum + each.fileBytes, 0);
  return report.sources.map((each) => [
    safe(each.source),
    String(each.segments),
    showBytes(each.fileBytes),
    showBytes(each.wireBytes),
    totalBytes === 0 ? showPercent(0, 1) : `${((each.fileBytes / totalBytes) * 100).toFixed(1)} %`,
    each.state,
  ]);
}
