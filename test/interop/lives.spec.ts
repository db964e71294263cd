import { copyFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256Of, writeContent } from '../tools/content.ts';
import { finish } from '../tools/fleet.ts';
import { eventually } from '../tools/metrics.ts';
import type { Peer } from '../tools/stage.ts';
import { share, startGet } from '../tools/transfer.ts';
import { InteropStage } from './interop-stage.ts';
import type { PythonPeer } from './python-peer.ts';

const SEGMENT_BYTES = 64 * 1024;
const SEGMENTS = 40;
const BYTES = SEGMENTS * SEGMENT_BYTES;
/** 1 MB/s a holder: a download takes seconds, in which there is time to strike. */
const DELAY_MS = 1;
/** What takes longer than this hangs. */
const DEADLINE_MS = 20_000;

let interop: InteropStage;
let real: Peer;
let paced: Peer;

beforeAll(async () => {
  interop = await InteropStage.open();
  [real, paced] = await Promise.all([
    interop.stage.startPeer({ id: 'real', env: { P2P_HOLDER_WAIT_MS: '500' } }),
    interop.stage.startPeer({ id: 'paced', delayMs: DELAY_MS }),
  ]);
});

afterAll(async () => {
  await interop.close();
});

let seed = 100;

async function write(name: string): Promise<{ readonly path: string; readonly sha256: string }> {
  const path = await interop.stage.path('shared', name);
  return { path, sha256: await writeContent(path, { kind: 'random', bytes: BYTES, seed: (seed += 1) }) };
}

/** A paced holder in Python of a new file of that name, of which `paced` has another copy. */
async function startTwoHolders(name: string): Promise<{ readonly path: string; readonly sha256: string; readonly holder: PythonPeer }> {
  const written = await write(name);
  const holder = await interop.startPython({ id: 'python', delayMs: DELAY_MS });
  await Promise.all([holder.share(written.path, name), share(paced, written.path, name)]);
  return { ...written, holder };
}

/** Lets the real peer download the file, and strikes when a quarter is there. */
async function strikeDuring(name: string, strike: () => Promise<unknown>): Promise<{ readonly sha256: string; readonly ofPython: number }> {
  const get = startGet(real, { target: name });
  await get.status(({ verifiedBytes }) => verifiedBytes >= BYTES / 4);
  await strike();
  const { status, sha256 } = await finish(get);
  return { sha256, ofPython: status.report.sources.find(({ source }) => source === 'python')?.segments ?? 0 };
}

async function expectHolders(asked: PythonPeer, name: string, complete: number): Promise<void> {
  await eventually(
    () => asked.list(),
    (entries) => (entries.find((entry) => entry.name === name)?.complete ?? 0) === complete,
    DEADLINE_MS,
  );
}

describe('a holder in Python that goes while a real peer downloads from it and from another', () => {
  it('killed: the other delivers the rest', async () => {
    const { holder, sha256 } = await startTwoHolders('killed');
    const got = await strikeDuring('killed', () => holder.kill());
    expect(got.sha256).toBe(sha256);
    expect(got.ofPython).toBeGreaterThan(0);
    expect(got.ofPython).toBeLessThan(SEGMENTS);
  });

  it('withdrawn: the other delivers the rest, and the catalogue knows the holder no more', async () => {
    const name = 'withdrawn';
    const written = await write(name);
    const holder = await interop.startPython({ id: 'python', delayMs: DELAY_MS });
    const { id } = await holder.share(written.path, name);
    await share(paced, written.path, name);
    await expectHolders(holder, name, 2);
    const got = await strikeDuring(name, () => holder.withdraw(id));
    expect(got.sha256).toBe(written.sha256);
    // The other and the new one.
    await expectHolders(holder, name, 2);
    await holder.leave();
  });

  it('left: it finishes what it owes, and the other delivers the rest', async () => {
    const { holder, sha256 } = await startTwoHolders('left');
    const got = await strikeDuring('left', () => holder.leave());
    expect(got.sha256).toBe(sha256);
    const later = await interop.startPython({ id: 'later' });
    await expectHolders(later, 'left', 2);
    await later.leave();
  });

  it('its file changed: what it would send is refused by itself, and it withdraws', async () => {
    const name = 'changed';
    const { path, sha256 } = await write(name);
    await share(paced, path, name);
    const own = await interop.stage.path('of Python', name);
    await copyFile(path, own);
    const holder = await interop.startPython({ id: 'python', delayMs: DELAY_MS });
    await holder.share(own, name);
    await expectHolders(holder, name, 2);
    await writeFile(own, Buffer.alloc(BYTES));
    expect((await finish(startGet(real, { target: name }))).sha256).toBe(sha256);
    // The other and the new one.
    await expectHolders(holder, name, 2);
    await holder.leave();
  });
});

describe('a real holder that is killed while Python downloads from it', () => {
  it('a holder in Python delivers the rest', async () => {
    const name = 'real one killed';
    const { path, sha256 } = await write(name);
    const holder = await interop.startPython({ id: 'python', delayMs: 2 * DELAY_MS });
    const victim = await interop.stage.startPeer({ id: 'victim', delayMs: 2 * DELAY_MS });
    await Promise.all([holder.share(path, name), share(victim, path, name)]);
    const python = await interop.startPython({ id: 'downloader' });
    const output = await interop.stage.path('out', name);
    const get = python.get(name, output);
    await python.progressed(name, 'victim');
    await victim.process.end();
    const { lost, sources } = await get;
    expect(await sha256Of(output)).toBe(sha256);
    expect(lost).toEqual({ victim: 'CONNECTION_LOST' });
    expect(sources['victim']).toBeGreaterThan(0);
    await Promise.all([python.leave(), holder.leave()]);
  });
});

describe('a real peer and one in Python that download the same file from one slow holder', () => {
  it('each takes from the other what it has already', async () => {
    const { path, sha256 } = await write('partial');
    const slow = await interop.startPython({ id: 'slow', delayMs: 3 * DELAY_MS });
    await slow.share(path, 'partial');
    const python = await interop.startPython({ id: 'python' });
    const output = await interop.stage.path('out', 'partial');
    const ofReal = startGet(real, { target: 'partial' });
    await ofReal.status(({ verifiedBytes }) => verifiedBytes > 0);
    const ofPython = python.get('partial', output);
    const [{ sources }, { status, sha256: got }] = await Promise.all([ofPython, finish(ofReal)]);
    expect([got, await sha256Of(output)]).toEqual([sha256, sha256]);
    expect(sources['real']).toBeGreaterThan(0);
    expect(status.report.sources.find(({ source }) => source === 'python')?.segments).toBeGreaterThan(0);
    await Promise.all([python.leave(), slow.leave()]);
  });
});

describe('another version of the protocol', () => {
  it('the diary refuses a peer that speaks it', async () => {
    await expect(interop.startPython({ id: 'newer', joinVersion: 2 })).rejects.toMatchObject({ code: 'VERSION_MISMATCH' });
  });

  it('a real peer refuses a hello in it', async () => {
    const python = await interop.startPython({ id: 'python' });
    await expect(python.hello(real.peerPort, 2)).rejects.toMatchObject({ code: 'VERSION_MISMATCH' });
    await python.hello(real.peerPort, 1);
    await python.leave();
  });

  it('a real peer does not download from a holder that speaks it', async () => {
    const { path } = await write('newer');
    const python = await interop.startPython({ id: 'python', helloVersion: 2 });
    await python.share(path, 'newer');
    const { code, stderr } = await startGet(real, { target: 'newer' }).command.result;
    expect(code).not.toBe(0);
    expect(JSON.parse(stderr)).toMatchObject({ failure: { code: 'NO_HOLDERS' } });
    expect(await python.served()).toEqual({});
    await python.leave();
  });
});
