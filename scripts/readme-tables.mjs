/**
 * Writes the README's tables from the code that they describe: `node scripts/readme-tables.mjs`. With `--check` it only
 * compares, and exits 1 where they differ (npm test does that), so that no default is written in two places by hand.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { EXIT_CODES } from '@p2p/protocol';
import { diarySettings } from '../apps/diary/dist/config.js';
import { cliSettings } from '../apps/peer/dist/cli/config.js';
import { EXIT_INTERRUPTED, EXIT_OUTPUT_CLOSED } from '../apps/peer/dist/cli/exit-codes.js';

import { peerSettings } from '../apps/peer/dist/config.js';

const readmeUrl = new URL('../README.md', import.meta.url);

function settingRows(settings) {
  return Object.values(settings).map((setting) => {
    const { variable, defaultText, unit, range, description } = setting;
    const shownDefault = defaultText === '' ? '' : `\`${defaultText}\``;
    return `| \`${variable}\` | ${shownDefault} | ${unit} | ${range.replaceAll('|', '\\|')} | ${description} |`;
  });
}

function settingsTable(title, settings) {
  return [
    `${title}`,
    '',
    '| variable | default | unit | accepts | what it is |',
    '| --- | --- | --- | --- | --- |',
    ...settingRows(settings),
  ];
}

const settings = [
  ...settingsTable('A peer:', peerSettings),
  '',
  ...settingsTable('A diary:', diarySettings),
  '',
  ...settingsTable('The command `p2p`:', cliSettings),
].join('\n');

const exitCodes = [
  '| exit code | failure |',
  '| --- | --- |',
  '| 0 | none |',
  '| 1 | the program could not start, for instance under too old a Node |',
  ...Object.entries(EXIT_CODES)
    .toSorted((left, right) => left[1] - right[1])
    .map(([code, exitCode]) => `| ${exitCode} | \`${code}\` |`),
  `| ${EXIT_INTERRUPTED} | interrupted with Ctrl-C |`,
  `| ${EXIT_OUTPUT_CLOSED} | whoever read the output went away |`,
].join('\n');

function replaceBetween(text, name, content) {
  const begin = `<!-- ${name}:begin -->`;
  const end = `<!-- ${name}:end -->`;
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`README.md has no section between ${begin} and ${end}`);
  return `${text.slice(0, from + begin.length)}\n\n${content}\n\n${text.slice(to)}`;
}

const before = await readFile(readmeUrl, 'utf8');
const after = replaceBetween(replaceBetween(before, 'settings', settings), 'exit-codes', exitCodes);
if (process.argv.includes('--check')) {
  if (before !== after) {
    console.error('README.md does not match the code: run `npm run docs`');
    process.exitCode = 1;
  }
} else if (before !== after) {
  await writeFile(readmeUrl, after);
}
