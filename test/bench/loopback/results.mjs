import { median } from '../statistics.mjs';
import { printTable } from '../table.mjs';

/** What must be reached with warm pages and incompressible data, and what is aimed at. */
const REQUIRED = [
  { what: 'seconds from 1 source, of those of curl', ours: 1, rival: { system: 'curl', count: 1 }, of: 'seconds', max: 0.75, goal: 0.5 },
  {
    what: 'seconds from 4 sources, of those of libtorrent',
    ours: 4,
    rival: { system: 'libtorrent', count: 4 },
    of: 'seconds',
    max: 0.65,
    goal: 0.5,
  },
  {
    what: 'CPU seconds of the downloader, of those of curl',
    ours: 1,
    rival: { system: 'curl', count: 1 },
    of: 'cpuSeconds',
    max: 0.75,
    goal: 0.5,
  },
];
const PEAK_MIB_MAX = 200;

/** The median of every figure for each variant, and the least. */
export function summaryOf(runs) {
  const groups = Map.groupBy(runs, ({ pages, kind, system, count }) => `${pages} ${kind} ${system} ${count}`);
  return [...groups.values()].map((group) => {
    const { pages, kind, system, count } = group[0];
    const of = (name) => (group[0][name] === undefined ? undefined : median(group.map((run) => run[name])));
    const all = group.map(({ seconds }) => seconds);
    return {
      pages,
      kind,
      system,
      count,
      runs: group.length,
      seconds: of('seconds'),
      secondsMin: Math.min(...all),
      secondsMax: Math.max(...all),
      cpuSeconds: of('cpuSeconds'),
      cpuSecondsMin: Math.min(...group.map(({ cpuSeconds }) => cpuSeconds)),
      seederCpuSeconds: of('seederCpuSeconds'),
      peakMib: Math.max(...group.map(({ peakMib }) => peakMib)),
      durableSeconds: of('durableSeconds'),
    };
  });
}

export function printResults(summary) {
  const curl = ({ pages, kind }) => find(summary, { pages, kind, system: 'curl', count: 1 });
  const libtorrent = ({ pages, kind, count }) => find(summary, { pages, kind, system: 'libtorrent', count });
  const order = [...summary].sort((left, right) => keyOf(left).localeCompare(keyOf(right)));
  printTable(
    [
      'pages, data, sources, system',
      's',
      'least',
      'most',
      'downloader CPU s',
      'sources CPU s',
      'peak MiB',
      'durable s',
      '/ curl',
      '/ libtorrent',
    ],
    order.map((row) => [
      `${row.pages} ${row.kind} ${row.count} ${row.system}`,
      row.seconds,
      row.secondsMin,
      row.secondsMax,
      row.cpuSeconds,
      row.seederCpuSeconds,
      row.peakMib.toFixed(0),
      row.durableSeconds,
      ratio(row, curl(row)),
      ratio(row, libtorrent(row)),
    ]),
  );
}

/** Prints and returns what is required, whether it was measured, and whether it is met. */
export function requirements(summary) {
  const warm = (wanted) => find(summary, { pages: 'warm', kind: 'random', ...wanted });
  const ratios = REQUIRED.map(({ what, ours, rival, of, max, goal }) => {
    const [own, other] = [warm({ system: 'ours', count: ours }), warm(rival)];
    if (own === undefined || other === undefined) return { what, max, goal, isMet: false };
    const value = own[of] / other[of];
    const first = warm({ system: 'new', count: ours });
    // What else goes on in a machine only ever adds to a run, so the least of each says what the programs themselves need.
    const least = own[`${of}Min`] / other[`${of}Min`];
    return { what, value, least, ofNew: first === undefined ? undefined : first[of] / other[of], max, goal, isMet: value <= max };
  });
  const peaks = summary
    .filter(({ system, pages }) => (system === 'ours' || system === 'new') && pages === 'warm')
    .map(({ peakMib }) => peakMib);
  const peak = peaks.length === 0 ? undefined : Math.max(...peaks);
  const all = [
    ...ratios,
    { what: 'MiB resident in the downloader', value: peak, max: PEAK_MIB_MAX, isMet: peak !== undefined && peak <= PEAK_MIB_MAX },
  ];
  console.log();
  for (const { what, value, least, ofNew, max, goal, isMet } of all) {
    const state = value === undefined ? 'not measured' : isMet ? 'met' : 'MISSED';
    const others = [
      least === undefined ? [] : `of the least runs ${least.toFixed(2)}`,
      ofNew === undefined ? [] : `new ${ofNew.toFixed(2)}`,
    ];
    const aside = others.flat().length === 0 ? '' : ` (${others.flat().join(', ')})`;
    console.log(`${what}: ${value?.toFixed(2) ?? '-'}${aside}, required ${max}${goal === undefined ? '' : `, goal ${goal}`}: ${state}`);
  }
  return all;
}

function find(summary, wanted) {
  return summary.find((row) => Object.entries(wanted).every(([name, value]) => row[name] === value));
}

function ratio(row, other) {
  return other === undefined || other === row ? undefined : row.seconds / other.seconds;
}

function keyOf({ pages, kind, count, system }) {
  return `${pages} ${kind} ${String(count).padStart(2)} ${system}`;
}
