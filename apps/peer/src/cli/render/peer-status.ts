import type { DownloadStatus, PeerStatus } from '../../control/api.js';
import { describeState } from './download-state.js';
import { showBytes, showCount, showPercent, showRate, showSeconds } from './numbers.js';
import type { Style } from './style.js';
import { table, type Column } from './table.js';
import { padEnd, safe, shorten } from './text.js';

const LABEL_CELLS = 9;
const NAME_CELLS_MAX = 40;
/** Cells of the columns that are not names, with their gaps. */
const OTHER_CELLS = 48;

const DOWNLOAD_COLUMNS: readonly Column[] = [
  { title: 'DOWNLOAD', align: 'left' },
  { title: 'SIZE', align: 'right' },
  { title: 'DONE', align: 'right' },
  { title: 'RATE', align: 'right' },
  { title: 'STATE', align: 'left' },
];

export interface PeerStatusOptions {
  readonly now: number;
  readonly columns: number | undefined;
  readonly style: Style;
}

/** A peer at a glance, and its downloads. */
export function peerStatusLines(status: PeerStatus, { now, columns, style }: PeerStatusOptions): string[] {
  const { uploads, diary } = status;
  const connected = diary.connected ? style.paint('green', 'connected') : style.paint('red', 'not connected');
  const rows: [string, string][] = [
    ['peer', `${safe(status.peer)}${status.draining ? style.paint('yellow', '  leaving') : ''}`],
    ['version', `${safe(status.version)}, protocol ${status.protocolVersion}`],
    ['running', `for ${showSeconds(now - Date.parse(status.startedAt))}`],
    ['diary', `${safe(diary.address)}, ${connected}`],
    ['reached', `at ${safe(status.advertised)}`],
    ['data', `${safe(status.dataDir)}, ${showBytes(status.freeBytes)} free`],
    ['shares', `${showCount(status.shares, 'file')}, ${showBytes(status.sharedBytes)}`],
    ['uploads', `${uploads.active} active, ${showBytes(uploads.fileBytes)} served in ${showBytes(uploads.wireBytes)} on the wire`],
    ['downloads', String(status.downloads.length)],
  ];
  const lines = rows.map(([label, value]) => `${style.paint('dim', padEnd(label, LABEL_CELLS))}  ${value}`);
  return status.downloads.length === 0 ? lines : [...lines, '', ...downloadTable(status.downloads, columns, style)];
}

function downloadTable(downloads: readonly DownloadStatus[], columns: number | undefined, style: Style): string[] {
  const nameCells = columns === undefined ? Number.POSITIVE_INFINITY : Math.max(12, Math.min(NAME_CELLS_MAX, columns - OTHER_CELLS));
  const rows = downloads.map((each) => [
    shorten(safe(each.name), nameCells, style.ellipsis),
    showBytes(each.bytes),
    showPercent(each.verifiedBytes, each.bytes),
    each.state === 'transferring' ? showRate(each.bytesPerSecond) : style.none,
    describeState(each, 0),
  ]);
  return table(DOWNLOAD_COLUMNS, rows, style);
}
