/** Prints rows under titles as a table of Markdown, numbers to the right. */
export function printTable(titles, rows) {
  const cells = [titles, ...rows].map((row) => row.map((cell) => (typeof cell === 'number' ? cell.toFixed(2) : (cell ?? ''))));
  const widths = titles.map((_, column) => Math.max(3, ...cells.map((row) => row[column].length)));
  const isNumber = titles.map((_, column) => column > 0);
  const line = (row) =>
    `| ${row.map((cell, column) => (isNumber[column] ? cell.padStart(widths[column]) : cell.padEnd(widths[column]))).join(' | ')} |`;
  const rule = `| ${widths.map((width, column) => (isNumber[column] ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width))).join(' | ')} |`;
  console.log([line(cells[0]), rule, ...cells.slice(1).map(line)].join('\n'));
}
