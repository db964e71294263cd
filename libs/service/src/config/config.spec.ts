import { Failure } from '@p2p/protocol';
import { describe, expect, it } from 'vitest';
import { addressSetting } from './address-setting.js';
import { readConfig } from './config.js';
import { integerSetting, numberSetting } from './number-settings.js';
import { choiceSetting, textSetting } from './text-settings.js';

const settings = {
  port: integerSetting({ variable: 'P2P_PORT', description: 'where it listens', default: 4000, min: 0, max: 65_535, unit: '' }),
  delayMs: numberSetting({ variable: 'P2P_DELAY_MS', description: 'how slow it is', default: 0, min: 0, max: 60_000, unit: 'ms' }),
  level: choiceSetting({ variable: 'P2P_LEVEL', description: 'how much it tells', choices: ['info', 'debug'], default: 'info' }),
  id: textSetting({
    variable: 'P2P_ID',
    description: 'who it is',
    default: '',
    range: 'lower-case letters',
    accepts: (text) => /^[a-z]+$/.test(text),
  }),
  diary: addressSetting({ variable: 'P2P_DIARY', description: 'where the diary is', default: '127.0.0.1:4100' }),
};

function failureOf(env: Record<string, string>): Failure {
  try {
    readConfig(settings, env);
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('an environment that sets nothing', () => {
  it('gives every default', () => {
    expect(readConfig(settings, {})).toEqual({ port: 4000, delayMs: 0, level: 'info', id: '', diary: { host: '127.0.0.1', port: 4100 } });
  });

  it('is the same as one of empty and blank values', () => {
    expect(readConfig(settings, { P2P_PORT: '', P2P_DELAY_MS: ' ', P2P_LEVEL: '', P2P_ID: '', P2P_DIARY: '\t' })).toEqual(
      readConfig(settings, {}),
    );
  });
});

describe('an environment that sets everything', () => {
  it('gives the values with their types', () => {
    const env = { P2P_PORT: '0', P2P_DELAY_MS: '0.02', P2P_LEVEL: 'debug', P2P_ID: 'ann', P2P_DIARY: '[::1]:4101' };
    const config = readConfig(settings, env);
    const level: 'info' | 'debug' = config.level;
    expect(level).toBe('debug');
    expect(config).toEqual({ port: 0, delayMs: 0.02, level: 'debug', id: 'ann', diary: { host: '::1', port: 4101 } });
  });
});

describe('a value that is not accepted', () => {
  it.each([
    [{ P2P_PORT: '65536' }, 'P2P_PORT is "65536"; it must be a whole number from 0 to 65535'],
    [{ P2P_PORT: '-1' }, 'P2P_PORT is "-1"; it must be a whole number from 0 to 65535'],
    [{ P2P_PORT: '4000.5' }, 'P2P_PORT is "4000.5"; it must be a whole number from 0 to 65535'],
    [{ P2P_PORT: '0x10' }, 'P2P_PORT is "0x10"; it must be a whole number from 0 to 65535'],
    [{ P2P_PORT: 'tcp://10.0.0.1:4000' }, 'P2P_PORT is "tcp://10.0.0.1:4000"; it must be a whole number from 0 to 65535'],
    [{ P2P_DELAY_MS: '1e3' }, 'P2P_DELAY_MS is "1e3"; it must be a number from 0 to 60000 ms'],
    [{ P2P_DELAY_MS: 'NaN' }, 'P2P_DELAY_MS is "NaN"; it must be a number from 0 to 60000 ms'],
    [{ P2P_DELAY_MS: '.' }, 'P2P_DELAY_MS is "."; it must be a number from 0 to 60000 ms'],
    [{ P2P_LEVEL: 'loud' }, 'P2P_LEVEL is "loud"; it must be one of info, debug'],
    [{ P2P_ID: 'Ann' }, 'P2P_ID is "Ann"; it must be lower-case letters'],
  ])('%j is refused with its name, what it got and what it accepts', (env, message) => {
    expect(failureOf(env)).toMatchObject({ code: 'BAD_CONFIG', message });
  });

  it.each([
    'localhost',
    ':4100',
    'localhost:0',
    'localhost:65536',
    '::1:4100',
    '[::g]:4100',
    'a b:1',
    'http://a:1',
    `${'a'.repeat(254)}:1`,
  ])('an address %j is refused', (text) => {
    expect(failureOf({ P2P_DIARY: text }).message).toContain('it must be HOST:PORT, or [IPV6]:PORT, with a port from 1 to 65535');
  });

  it('is shown cut where it is long, and on one line', () => {
    const { message } = failureOf({ P2P_PORT: `1\n${'9'.repeat(1000)}` });
    expect(message).not.toContain('\n');
    expect(message.length).toBeLessThan(200);
  });

  it('is told together with every other one', () => {
    expect(failureOf({ P2P_PORT: 'x', P2P_LEVEL: 'y' }).message).toBe(
      'P2P_PORT is "x"; it must be a whole number from 0 to 65535; P2P_LEVEL is "y"; it must be one of info, debug',
    );
  });
});

describe('addresses', () => {
  it.each([
    ['diary:4100', 'diary', 4100],
    ['p2p-diary.default.svc.cluster.local:1', 'p2p-diary.default.svc.cluster.local', 1],
    ['10.0.0.1:65535', '10.0.0.1', 65_535],
    ['p2p_diary_1:4100', 'p2p_diary_1', 4100],
    ['[fe80::1]:4100', 'fe80::1', 4100],
  ])('%s is host %s and port %i', (text, host, port) => {
    expect(readConfig(settings, { P2P_DIARY: text }).diary).toEqual({ host, port });
  });
});
