const COLUMNS = [
  ['download', ({ title }) => title],
  ['sources', ({ sources }) => String(sources)],
  ['transfer s', ({ transferMs }) => seconds(transferMs)],
  ['total s', ({ totalMs }) => seconds(totalMs)],
  [
    'speed-up',
    ({ transferMs }, base) =>
      transferMs === undefined || base?.transferMs === undefined ? '' : `${(base.transferMs / transferMs).toFixed(2)}x`,
  ],
  ['redistributed', ({ redistributed }) => String(redistributed ?? '')],
  ['wire/file', ({ wireRatio }) => wireRatio?.toFixed(3) ?? ''],
  ['', ({ failure, isIdentical }) => (failure !== undefined ? 'FAILED' : isIdentical ? 'identical' : 'DIFFERENT')],
];

/** A row a download. Speed-up is against the first download of the same content. */
export function printTable(results) {
  const rows = results.map((result) => {
    const base = results.find(({ content }) => content === result.content && content !== undefined);
    return COLUMNS.map(([, text]) => text(result, base));
  });
  const all = [COLUMNS.map(([title]) => title), ...rows];
  const widths = COLUMNS.map((_, column) => Math.max(...all.map((row) => row[column].length)));
  console.log();
  for (const row of all)
    console.log(
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])))
        .join('  ')
        .trimEnd(),
    );
}

function seconds(ms) {
  return ms === undefined ? '' : (ms / 1000).toFixed(2);
}
