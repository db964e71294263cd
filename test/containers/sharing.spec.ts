import { mkdir, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fleetOfFile, type Fleet } from './tools/fleet.ts';
import { DOWNLOADS, type PeerContainer } from './tools/peer-container.ts';

const MIB = 1024 * 1024;
const PEERS = [1, 2, 3, 4, 5];
const FOLDER_FILES = 300;

let peers: readonly PeerContainer[] = [];
const hashes = new Map<string, string>();

const fleet = fleetOfFile(async (open: Fleet) => {
  for (const number of PEERS) {
    // Each of another size, one below a segment.
    const bytes = number === 1 ? 1000 : number * MIB + number;
    hashes.set(`own-${number}.bin`, await open.write(`own-${number}/own-${number}.bin`, { kind: 'mixed', bytes, seed: number }));
  }
  await open.startDiary();
  peers = await Promise.all(PEERS.map((number) => open.startPeer({ id: `peer-${number}`, shares: `own-${number}` })));
});

const [first, second] = [(): PeerContainer => at(0), (): PeerContainer => at(1)];
function at(index: number): PeerContainer {
  const peer = peers[index];
  if (peer === undefined) throw new Error(`there is no peer ${index}`);
  return peer;
}

describe('five peers, each with a file of its own', () => {
  it('everyone fetches everything, byte for byte', async () => {
    for (const name of hashes.keys()) await first().listed(name, 1);
    await Promise.all(
      peers.map(async (peer, index) => {
        for (const name of hashes.keys()) {
          if (name !== `own-${index + 1}.bin`) await peer.get(name);
        }
      }),
    );
    for (const [index, peer] of peers.entries()) {
      const expected = [...hashes].filter(([name]) => name !== `own-${index + 1}.bin`);
      expect(Object.fromEntries(await peer.hashes())).toEqual(Object.fromEntries(expected));
    }
  });
});

describe('a file', () => {
  it('can be shared, listed, fetched and no longer shared', async () => {
    const sha256 = await fleet().write('later/later.txt', { kind: 'text', bytes: 200_000, seed: 9 });
    await first().run(['share', '/files/later/later.txt']);
    await second().listed('later.txt', 1);
    await second().get('later.txt');
    expect(await second().sha256(`${DOWNLOADS}/later.txt`)).toBe(sha256);
    await second().listed('later.txt', 2);
    await first().run(['unshare', 'later.txt']);
    await second().listed('later.txt', 1);
  });

  it('may be empty', async () => {
    const sha256 = await fleet().write('empty/empty.bin', { kind: 'random', bytes: 0, seed: 1 });
    await first().run(['share', '/files/empty/empty.bin']);
    await second().listed('empty.bin', 1);
    await second().get('empty.bin');
    expect(await second().sha256(`${DOWNLOADS}/empty.bin`)).toBe(sha256);
  });

  it('that nobody has is NOT_FOUND, exit code 5', async () => {
    expect(await second().cli(['get', 'nothing.bin'])).toMatchObject({ code: 5, stderr: expect.stringMatching(/^NOT_FOUND: /) as string });
  });
});

describe(`a folder of ${FOLDER_FILES} files`, () => {
  it('is shared with its relative paths, and any of them is fetched', async () => {
    const folder = join(fleet().folder, 'many');
    const names = Array.from({ length: FOLDER_FILES }, (_, index) => `part-${index % 10}/file-${index}.txt`);
    for (const name of names) {
      await mkdir(join(folder, name, '..'), { recursive: true });
      await writeFile(join(folder, name), contentOf(name));
    }
    await first().run(['share', '/files/many']);
    const { entries } = JSON.parse(await second().run(['list', '--json'])) as { readonly entries: readonly { readonly name: string }[] };
    expect(entries.map(({ name }) => name)).toEqual(expect.arrayContaining(names));
    for (const name of names.slice(-2)) {
      await second().get(name);
      expect(await second().sha256(`${DOWNLOADS}/${name}`)).toBe(createHash('sha256').update(contentOf(name)).digest('hex'));
    }
  });
});

const contentOf = (name: string): string => `This is ${name}.\n`.repeat(20);
