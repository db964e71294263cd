import os from 'node:os';
import path from 'node:path';
import { EXIT_CODES, FAILURE_CODES } from '@p2p/protocol';
import { describe, expect, it } from 'vitest';
import { peerSettings } from '../config.js';
import { cliSettings, readCliConfig } from './config.js';
import { EXIT_INTERRUPTED, EXIT_OUTPUT_CLOSED } from './exit-codes.js';

describe('the settings of the command', () => {
  it('look for the peer where a peer with default settings is', () => {
    expect(cliSettings.dataDir.defaultText).toBe(peerSettings.dataDir.defaultText);
    expect(cliSettings.controlUrl.defaultText).toBe(
      `http://${peerSettings.controlHost.defaultText}:${peerSettings.controlPort.defaultText}`,
    );
  });

  it('that are empty count as unset', () => {
    const { controlUrl, dataDir } = readCliConfig({ P2P_CONTROL_URL: '', P2P_DATA_DIR: ' ' });
    expect(controlUrl).toBe('http://127.0.0.1:7070');
    expect(dataDir).toBe(path.join(os.homedir(), '.p2p'));
  });

  it('take a URL with or without a slash', () => {
    expect(readCliConfig({ P2P_CONTROL_URL: 'http://[::1]:7071/' }).controlUrl).toBe('http://[::1]:7071');
  });

  it.each([
    [{ NO_COLOR: '1' }, true],
    [{ NO_COLOR: '' }, false],
    [{ TERM: 'dumb' }, true],
    [{ TERM: 'xterm' }, false],
  ])('%j make plain text: %s', (env, plainText) => {
    expect(readCliConfig(env).plainText).toBe(plainText);
  });

  it.each([
    [{}, true],
    [{ LANG: 'C' }, false],
    [{ LANG: 'en_US.UTF-8' }, true],
    [{ LANG: 'en_US.UTF-8', LC_ALL: 'C' }, false],
  ])('%j allow Unicode: %s', (env, unicode) => {
    expect(readCliConfig(env).unicode).toBe(unicode);
  });
});

describe('the exit codes', () => {
  it('are one for each failure, and none is 0, 1 or that of a signal', () => {
    const codes = FAILURE_CODES.map((code) => EXIT_CODES[code]);
    expect(new Set(codes).size).toBe(FAILURE_CODES.length);
    for (const code of codes) expect(code).toSatisfy((each: number) => each >= 2 && each <= 63);
    expect(codes).not.toContain(EXIT_INTERRUPTED);
    expect(codes).not.toContain(EXIT_OUTPUT_CLOSED);
  });
});
