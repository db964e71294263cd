// npm run demo [-- --file FILE --delay-ms MS]
//
// The experiment of the original, on a real file: the same download from 1, 2 and 3 slow peers, from 3 of which one is
// killed half way, and of text with and without compression. Every copy is compared with its original by SHA-256.
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { sha256Of, writeContent } from '../test/tools/content.ts';
import { Stage } from '../test/tools/stage.ts';
import { readArguments } from './demo/arguments.mjs';
import { Downloads } from './demo/downloads.mjs';
import { printTable } from './demo/table.mjs';

const TEXT = { kind: 'text', bytes: 32 * 1024 * 1024, seed: 1 };

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(130));
const startedAt = performance.now();
const { file, delayMs, textDelayMs } = await readArguments(process.argv.slice(2));
const { size } = await stat(file);
console.log(`file: ${file}, ${megabytes(size)}; each peer waits ${delayMs} ms for every 1024 bytes it sends: ${rateOf(delayMs)}`);
console.log(`text: made from a seed, ${megabytes(TEXT.bytes)}; each peer waits ${textDelayMs} ms: ${rateOf(textDelayMs)}`);

await using stage = await Stage.open();
const diary = await stage.startDiary();
console.log(`diary: ${diary.address}\n`);
const real = { path: file, name: basename(file), sha256: await sha256Of(file) };
const textPath = await stage.path('text.log');
const text = { path: textPath, name: 'text.log', sha256: await writeContent(textPath, TEXT) };

// The first four are about peers side by side on links of a known rate; what compression adds is for the last three.
const raw = { compression: 'never', delayMs };
const downloads = new Downloads(stage);
await downloads.run({ title: 'from one peer', content: real, sources: 1, ...raw });
await downloads.run({ title: 'from two peers', content: real, sources: 2, ...raw });
await downloads.run({ title: 'from three peers', content: real, sources: 3, ...raw });
await downloads.run({ title: 'from three peers, one SIGKILLed half way', content: real, sources: 3, ...raw, isOneKilled: true });
for (const compression of ['never', 'always', 'auto']) {
  await downloads.run({ title: `text, compression ${compression}`, content: text, sources: 2, compression, delayMs: textDelayMs });
}
await stage.stop();

printTable(downloads.results);
const failed = downloads.results.filter(({ failure }) => failure !== undefined).length;
const identical = downloads.results.filter(({ isIdentical }) => isIdentical).length;
console.log(`\ntook ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
console.log(`demo: ${downloads.results.length} downloads, ${identical} byte-identical, ${failed} failed`);
process.exitCode = failed === 0 && identical === downloads.results.length ? 0 : 1;

function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function rateOf(packetDelayMs) {
  return `${megabytes(1024 * (1000 / packetDelayMs))}/s`;
}
