import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeContent } from '../tools/content.ts';
import { finish } from '../tools/fleet.ts';
import { Stage, type Peer } from '../tools/stage.ts';
import { list, listed, share, startGet } from '../tools/transfer.ts';

let stage: Stage;
let source: Peer;
let downloader: Peer;

beforeAll(async () => {
  stage = await Stage.open();
  await stage.startDiary();
  [source, downloader] = await Promise.all([stage.startPeer({ id: 'source' }), stage.startPeer({ id: 'downloader' })]);
});

afterAll(async () => {
  await stage.stop();
  await stage.close();
});

describe('a name', () => {
  it.each([
    'spaces and (brackets)',
    'naïve café ☕ 文件 файл',
    '-rf',
    '--help',
    '$(touch pwned)',
    'semi;colon&amp"quote\'s',
    '.hidden',
    '...',
    'x'.repeat(255),
    '文'.repeat(85),
  ])('%j keeps what it is', async (name) => {
    const path = await stage.path('names', name);
    const content = `content of ${name}`;
    await writeFile(path, content);
    await share(source, path);
    await listed(downloader, (lines) => lines.some((line) => line.name === name));
    const { status } = await finish(startGet(downloader, { target: name }));
    expect(basename(status.output)).toBe(name);
    expect(await readFile(status.output, 'utf8')).toBe(content);
  });

  it.each([
    '../escape',
    'a\nnew line',
    'nul\u0001',
    '/etc/passwd',
    'a/../../b',
    '',
    '.',
    '..',
    'a//b',
    'x'.repeat(256),
    Array.from({ length: 33 }, () => 'd').join('/'),
  ])('%j is refused with BAD_NAME', async (name) => {
    const path = await stage.path('plain');
    await writeFile(path, 'plain');
    const { code, stderr } = await source.cli(['share', path, `--name=${name}`, '--json']);
    expect(stderr).toMatch(/BAD_NAME|BAD_REQUEST/);
    expect(code).not.toBe(0);
  });
});

describe('two contents under one name', () => {
  it('are an error that lists both ids, and each is got by its id', async () => {
    const paths = [await stage.path('one', 'report'), await stage.path('two', 'report')];
    for (const path of paths) await writeFile(path, `content of ${path}`);
    await share(source, paths[0] ?? '');
    await share(downloader, paths[1] ?? '');
    const third = await stage.startPeer({ id: 'third' });
    const entries = (await listed(third, (lines) => lines.filter(({ name }) => name === 'report').length === 2)).filter(
      ({ name }) => name === 'report',
    );
    const refused = await third.cli(['get', 'report']);
    expect(refused.code).toBe(6);
    expect(refused.stderr).toContain('AMBIGUOUS_NAME');
    for (const { id } of entries) expect(refused.stderr).toContain(id);
    const contents = [];
    for (const { id } of entries) {
      const { status } = await finish(startGet(third, { target: id, output: join(stage.folder, `by-id-${id.slice(0, 8)}`) }));
      contents.push(await readFile(status.output, 'utf8'));
    }
    expect(contents.sort()).toEqual(paths.map((path) => `content of ${path}`).sort());
  });
});

describe('a folder', () => {
  it('is shared with all below it, under names relative to it', async () => {
    const files = ['top.txt', 'sub/middle.txt', 'sub/deep/er/bottom.txt', 'empty'];
    const hashes = new Map<string, string>();
    for (const [seed, file] of files.entries()) {
      const path = await stage.path('folder', ...file.split('/'));
      hashes.set(file, await writeContent(path, { kind: 'text', bytes: file === 'empty' ? 0 : 1000 + seed, seed }));
    }
    await share(source, join(stage.folder, 'folder'));
    await listed(downloader, (lines) => files.every((file) => lines.some(({ name }) => name === file)));
    for (const file of files) {
      const { status, sha256 } = await finish(startGet(downloader, { target: file }));
      expect(status.output.endsWith(join('downloads', file))).toBe(true);
      expect(sha256).toBe(hashes.get(file));
    }
  });
});

describe('what is unshared', () => {
  it('is listed no more and cannot be got, and the file stays', async () => {
    const path = await stage.path('unshared');
    await writeFile(path, 'still here');
    await share(source, path);
    await listed(downloader, (lines) => lines.some(({ name }) => name === 'unshared'));
    expect((await source.cli(['unshare', 'unshared'])).code).toBe(0);
    await listed(downloader, (lines) => !lines.some(({ name }) => name === 'unshared'));
    const { code, stderr } = await downloader.cli(['get', 'unshared']);
    expect([code, stderr]).toEqual([5, expect.stringContaining('NOT_FOUND')]);
    expect(await readFile(path, 'utf8')).toBe('still here');
    expect((await list(source)).some(({ name }) => name === 'unshared')).toBe(false);
  });
});
