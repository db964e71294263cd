// Checks that no tracked file is over 1 MiB: a repository keeps what was once added for ever.
import { execFileSync } from 'node:child_process';
import { lstatSync } from 'node:fs';

const FILE_BYTES_MAX = 1024 * 1024;

const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
  encoding: 'utf8',
  maxBuffer: 64 * FILE_BYTES_MAX,
})
  .split('\0')
  .filter((path) => path !== '');
const large = files
  .map((path) => ({ path, bytes: lstatSync(path, { throwIfNoEntry: false })?.size ?? 0 }))
  .filter(({ bytes }) => bytes > FILE_BYTES_MAX);
for (const { path, bytes } of large)
  console.error(`${path} has ${bytes} bytes; at most ${FILE_BYTES_MAX} are allowed: generate it, or fetch it`);
console.log(`${files.length} files, ${large.length} over ${FILE_BYTES_MAX} bytes`);
process.exitCode = large.length > 0 ? 1 : 0;
