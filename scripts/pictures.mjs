// npm run pictures [-- --record]: draws docs/pictures/*.svg from docs/pictures/recording.json; --record makes that anew, with a
// chaos run on the cluster of `npm run cluster:up`.
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { PICTURES } from './pictures/panels.mjs';
import { record } from './pictures/record.mjs';
import { pictureOf } from './pictures/render.mjs';

const pathOf = (name) => fileURLToPath(new URL(`../docs/pictures/${name}`, import.meta.url));

if (process.argv.includes('--record')) await writeFile(pathOf('recording.json'), `${JSON.stringify(await record())}\n`);
const recording = JSON.parse(await readFile(pathOf('recording.json'), 'utf8'));
for (const picture of PICTURES) {
  const text = pictureOf(picture, recording);
  await writeFile(pathOf(`${picture.file}.svg`), text);
  process.stdout.write(`docs/pictures/${picture.file}.svg: ${Math.ceil(text.length / 1024)} KiB\n`);
}
