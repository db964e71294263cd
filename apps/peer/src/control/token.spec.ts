import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isOwnHost } from './door.js';
import { isToken, openToken } from './token.js';

let directory: string;
let tokenPath: string;

beforeEach(async () => {
  directory = await fs.mkdtemp(path.join(os.tmpdir(), 'p2p-token-'));
  tokenPath = path.join(directory, 'control.token');
});

afterEach(async () => {
  await fs.rm(directory, { recursive: true });
});

describe('the token', () => {
  it('is 64 hexadecimal digits that only the owner can read, and the only file there', async () => {
    const token = await openToken(tokenPath);
    expect(token).toMatch(/^[0-9a-f]{64}$/);
    expect((await fs.stat(tokenPath)).mode & 0o777).toBe(0o600);
    expect((await fs.readFile(tokenPath, 'utf8')).trim()).toBe(token);
    expect(await fs.readdir(directory)).toEqual(['control.token']);
  });

  it('stays the same over a restart', async () => {
    expect(await openToken(tokenPath)).toBe(await openToken(tokenPath));
  });

  it('that others could read is replaced', async () => {
    const token = await openToken(tokenPath);
    await fs.chmod(tokenPath, 0o640);
    expect(await openToken(tokenPath)).not.toBe(token);
    expect((await fs.stat(tokenPath)).mode & 0o777).toBe(0o600);
  });

  it.each(['', 'short\n', `${'g'.repeat(64)}\n`, 'x'.repeat(100_000)])('that is damaged is replaced', async (content) => {
    await fs.writeFile(tokenPath, content, { mode: 0o600 });
    expect(await openToken(tokenPath)).toMatch(/^[0-9a-f]{64}$/);
  });

  it('is not written through a symbolic link', async () => {
    const elsewhere = path.join(directory, 'elsewhere');
    await fs.writeFile(elsewhere, 'precious', { mode: 0o600 });
    await fs.symlink(elsewhere, tokenPath);
    await openToken(tokenPath);
    expect(await fs.readFile(elsewhere, 'utf8')).toBe('precious');
  });

  it('where it cannot be kept is a failure that names the path', async () => {
    const nowhere = path.join(directory, 'missing', 'control.token');
    await expect(openToken(nowhere)).rejects.toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining(nowhere) as unknown });
  });

  it('is compared whole', async () => {
    const token = await openToken(tokenPath);
    expect(isToken(token, token)).toBe(true);
    expect(isToken(token, token.slice(1))).toBe(false);
    expect(isToken(token, `${token}0`)).toBe(false);
  });
});

describe('a host that the API listens on', () => {
  it('is its own by the name of the setting, with any port', () => {
    expect(isOwnHost('peer.lan:1', 'peer.lan', '10.0.0.5')).toBe(true);
    expect(isOwnHost('[fd00::5]:7070', 'fd00::5', 'fd00::5')).toBe(true);
    expect(isOwnHost('other.lan', 'peer.lan', '10.0.0.5')).toBe(false);
  });

  it('on all addresses is its own by the address that was called, and by no name', () => {
    expect(isOwnHost('10.0.0.5:7070', '0.0.0.0', '10.0.0.5')).toBe(true);
    expect(isOwnHost('10.0.0.5:7070', '::', '::ffff:10.0.0.5')).toBe(true);
    expect(isOwnHost('10.0.0.6:7070', '0.0.0.0', '10.0.0.5')).toBe(false);
    expect(isOwnHost('evil.example', '0.0.0.0', '10.0.0.5')).toBe(false);
  });

  it('on one address is not its own by another', () => {
    expect(isOwnHost('10.0.0.5:7070', '127.0.0.1', '10.0.0.5')).toBe(false);
  });
});
