import os from 'node:os';
import path from 'node:path';
import { Failure } from '@p2p/protocol';
import type { Setting } from '@p2p/service';

/**
 * What the command reads from its environment, in the order the README lists it. The settings are written out here
 * rather than made by @p2p/service, which would load NestJS before every command; a test holds them to the peer's.
 */
export const cliSettings = {
  controlUrl: {
    variable: 'P2P_CONTROL_URL',
    description: "Where the peer's control API answers.",
    defaultText: 'http://127.0.0.1:7070',
    unit: '',
    range: 'an http:// URL of a host and a port',
    parse: parseControlUrl,
  },
  dataDir: {
    variable: 'P2P_DATA_DIR',
    description: "The peer's data directory, for the token of its control API.",
    defaultText: '~/.p2p',
    unit: '',
    range: 'a path',
    parse: parsePath,
  },
} as const satisfies Record<string, Setting<string>>;

export interface CliConfig {
  /** Without a slash at its end. */
  readonly controlUrl: string;
  /** Absolute. */
  readonly dataDir: string;
  /** `NO_COLOR` is set to anything (https://no-color.org), or the terminal says that it cannot. */
  readonly plainText: boolean;
  /** The terminal cannot move its cursor. */
  readonly dumbTerminal: boolean;
  /** The locale has the characters that bars and dashes are made of. */
  readonly unicode: boolean;
}

/** Reads the environment. Throws `BAD_CONFIG` with the variable, what it got and what it accepts. */
export function readCliConfig(env: NodeJS.ProcessEnv = process.env): CliConfig {
  const text = (setting: Setting<string>): string => {
    const given = env[setting.variable];
    return setting.parse(given === undefined || given.trim() === '' ? setting.defaultText : given);
  };
  const dumbTerminal = env['TERM'] === 'dumb';
  return {
    controlUrl: text(cliSettings.controlUrl),
    dataDir: text(cliSettings.dataDir),
    plainText: (env['NO_COLOR'] ?? '') !== '' || dumbTerminal,
    dumbTerminal,
    unicode: hasUnicode(env),
  };
}

function parseControlUrl(text: string): string {
  const url = URL.canParse(text.trim()) ? new URL(text.trim()) : undefined;
  const isPlain = url !== undefined && url.protocol === 'http:' && url.username === '' && url.search === '' && url.hash === '';
  if (!isPlain || url.hostname === '' || url.pathname !== '/')
    throw refusal('P2P_CONTROL_URL', text, 'an http:// URL of a host and a port');
  return url.origin;
}

function parsePath(text: string): string {
  if (text.includes('\0')) throw refusal('P2P_DATA_DIR', text, 'a path');
  return text === '~' || text.startsWith('~/') ? path.join(os.homedir(), text.slice(1)) : path.resolve(text);
}

function refusal(variable: string, got: string, range: string): Failure {
  return new Failure('BAD_CONFIG', `${variable} is ${JSON.stringify(got.slice(0, 80))}; it must be ${range}`);
}

/** The first of these that is set names the locale of characters. With none set, what is usual today is assumed. */
function hasUnicode(env: NodeJS.ProcessEnv): boolean {
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find((each) => each !== undefined && each !== '');
  return locale === undefined || /utf-?8/i.test(locale);
}
