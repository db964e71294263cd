import { getContainerRuntimeClient } from 'testcontainers';
import { describe, expect, it } from 'vitest';
import { fleetOfFile } from './tools/fleet.ts';
import { eventually } from '../tools/metrics.ts';
import type { ProgramContainer } from './tools/program-container.ts';
import { BASE_IMAGE, IMAGE } from './tools/run.ts';

const MIB = 1024 * 1024;
const OVER_BASE_BYTES_MAX = 80 * MIB;

let diary: ProgramContainer;
const fleet = fleetOfFile(async (open) => {
  diary = await open.startDiary();
});

async function inspect(image: string) {
  const { container } = await getContainerRuntimeClient();
  return container.dockerode.getImage(image).inspect();
}

describe('the image', () => {
  it('is at most 80 MiB larger than its base', async () => {
    const [image, base] = await Promise.all([IMAGE, BASE_IMAGE].map(inspect));
    const bytes = (image?.Size ?? 0) - (base?.Size ?? 0);
    console.log(`the image adds ${(bytes / MIB).toFixed(1)} MiB to its base`);
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThan(OVER_BASE_BYTES_MAX);
  });

  it('runs as a numeric user that is not root, with one volume, and says what it is', async () => {
    const { Config } = await inspect(IMAGE);
    expect(Config.User).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    expect(Object.keys(Config.Volumes ?? {})).toEqual(['/data']);
    expect(Config.Labels).toMatchObject({
      'org.opencontainers.image.title': 'p2p',
      'org.opencontainers.image.version': expect.stringMatching(/^\d+\.\d+\.\d+$/) as string,
      'org.opencontainers.image.revision': expect.stringMatching(/^[0-9a-f]{40}$/) as string,
    });
  });

  it.each(['p2p', 'p2p-peer', 'p2p-diary'])('has the program %s, which says how to use it', async (program) => {
    const { exitCode, stdout } = await diary.exec([program, '--help']);
    expect({ exitCode, usage: stdout.startsWith(`Usage: ${program}`) }).toEqual({ exitCode: 0, usage: true });
  });

  it('holds no sources, no types and no development tools', async () => {
    const unwanted = ['-name *.ts', '-name *.spec.*', '-path */node_modules/typescript', '-path */node_modules/vitest'];
    const { exitCode, stdout } = await diary.exec(['find', '/app', ...unwanted.join(' -o ').split(' ')]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' });
  });
});

describe('its programs, without capabilities and on a read-only root', () => {
  it('pass their health check, download, drain at SIGTERM and end with 0; so does the peer that p2p leave asks to go', async () => {
    const sha256 = await fleet().write('drain/file.bin', { kind: 'random', bytes: 4 * MIB, seed: 3 });
    const holder = await fleet().startPeer({ id: 'holder', shares: 'drain', delayMs: 1 });
    const peer = await fleet().startPeer({ id: 'peer' });
    const { Healthcheck } = (await inspect(IMAGE)).Config as { readonly Healthcheck?: { readonly Test: readonly string[] } };
    const check = Healthcheck?.Test.slice(1) ?? [];
    for (const program of [diary, holder, peer]) {
      const { exitCode } = await eventually(
        () => program.exec(check),
        ({ exitCode: code }) => code === 0,
        20_000,
      );
      expect(exitCode).toBe(0);
    }

    await peer.listed('file.bin', 1);
    const get = peer.get('file.bin');
    get.catch(() => undefined);
    await peer.progressed(0.2);
    await eventually(
      () => holder.owed(),
      (segments) => segments > 0,
      5000,
    );
    // It finishes what it owes and no more: the download waits until it is back.
    await holder.stop();
    expect(await holder.state()).toMatchObject({ running: false, exitCode: 0 });
    const lines = (await holder.log()).map(({ event }) => event);
    expect(lines).toContain('stopping');
    expect(lines).not.toContain('uploads_cut_off');
    await holder.start();
    await get;
    expect(await peer.sha256('/data/downloads/file.bin')).toBe(sha256);

    expect(await peer.cli(['leave'])).toMatchObject({ code: 0, stdout: 'the peer has left\n' });
    expect(await peer.ended()).toBe(0);
    await diary.stop();
    expect(await diary.state()).toMatchObject({ exitCode: 0 });
  });
});
