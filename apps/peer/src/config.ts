import os from 'node:os';
import path from 'node:path';
import { Failure, PACKET_BYTES_MAX, PACKET_BYTES_MIN, PACKET_DELAY_MS_MAX, peerIdSchema } from '@p2p/protocol';
import { addressSetting, choiceSetting, integerSetting, numberSetting, readConfig, textSetting, tracingSettings } from '@p2p/service';

/** A name from the operating system can have characters that a peer id cannot. */
function peerIdFromHostname(): string {
  const id = os
    .hostname()
    .replace(/[^A-Za-z0-9._-]/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 63);
  return id === '' ? 'peer' : id;
}

const isPath = (text: string): boolean => !text.includes('\0');

/** Every setting of a peer, in the order the README lists them. */
export const peerSettings = {
  diary: addressSetting({ variable: 'P2P_DIARY', description: 'The diary to join.', default: '127.0.0.1:4100' }),
  peerId: textSetting({
    variable: 'P2P_PEER_ID',
    description: 'Who this peer is; no other living peer of the diary may have the same. Default: the host name.',
    default: '',
    range: '1 to 63 letters, digits, ".", "_" and "-"',
    accepts: (text) => text === '' || peerIdSchema.safeParse(text).success,
  }),
  advertisedHost: textSetting({
    variable: 'P2P_ADVERTISED_HOST',
    description: 'Where other peers reach this one. Default: the local address of the connection to the diary.',
    default: '',
    range: 'a DNS name or an IP address',
    accepts: (text) => text === '' || /^[A-Za-z0-9.:_%-]{1,253}$/.test(text),
  }),
  peerPort: integerSetting({
    variable: 'P2P_PEER_PORT',
    description: 'Port for other peers, on all addresses; 0 picks a free one.',
    default: 4000,
    min: 0,
    max: 65_535,
    unit: '',
  }),
  metricsPort: integerSetting({
    variable: 'P2P_METRICS_PORT',
    description: 'Port of /metrics, /health/live and /health/ready, on all addresses; 0 picks a free one.',
    default: 9464,
    min: 0,
    max: 65_535,
    unit: '',
  }),
  controlPort: integerSetting({
    variable: 'P2P_CONTROL_PORT',
    description: 'Port of the control API; 0 picks a free one.',
    default: 7070,
    min: 0,
    max: 65_535,
    unit: '',
  }),
  controlHost: textSetting({
    variable: 'P2P_CONTROL_HOST',
    description: 'Address the control API listens on. It writes to disk and reads folders: leave it on loopback.',
    default: '127.0.0.1',
    range: 'a DNS name or an IP address',
    accepts: (text) => /^[A-Za-z0-9.:_%-]{1,253}$/.test(text),
  }),
  dataDir: textSetting({
    variable: 'P2P_DATA_DIR',
    description: 'Holds `downloads/`, what resuming needs, and the token of the control API.',
    default: '~/.p2p',
    range: 'a path',
    accepts: isPath,
  }),
  shareDir: textSetting({
    variable: 'P2P_SHARE_DIR',
    description: 'A folder whose files are shared at start and as they appear, change or go. Default: none.',
    default: '',
    range: 'a path',
    accepts: isPath,
  }),
  packetDelayMs: numberSetting({
    variable: 'P2P_PACKET_DELAY_MS',
    description: 'Artificial delay for every packet sent of a segment, per connection: stands for a slow link.',
    default: 0,
    min: 0,
    max: PACKET_DELAY_MS_MAX,
    unit: 'ms',
  }),
  packetBytes: integerSetting({
    variable: 'P2P_PACKET_BYTES',
    description: 'The packet that the delay counts.',
    default: 1024,
    min: PACKET_BYTES_MIN,
    max: PACKET_BYTES_MAX,
    unit: 'bytes',
  }),
  compression: choiceSetting({
    variable: 'P2P_COMPRESSION',
    description: 'Whether served segments are compressed: by what makes them arrive soonest, always (deflate), or never.',
    choices: ['auto', 'always', 'never'],
    default: 'auto',
  }),
  maxSources: integerSetting({
    variable: 'P2P_MAX_SOURCES',
    description: 'Holders that one download is connected to at once.',
    default: 16,
    min: 1,
    max: 64,
    unit: 'peers',
  }),
  maxDownloads: integerSetting({
    variable: 'P2P_MAX_DOWNLOADS',
    description: 'Downloads under way at once; further ones are queued.',
    default: 8,
    min: 1,
    max: 64,
    unit: 'downloads',
  }),
  holderWaitMs: integerSetting({
    variable: 'P2P_HOLDER_WAIT_MS',
    description: 'How long a download waits for a holder when there is none, before it fails with NO_HOLDERS.',
    default: 60_000,
    min: 0,
    max: 86_400_000,
    unit: 'ms',
  }),
  recordDir: textSetting({
    variable: 'P2P_RECORD_DIR',
    description: 'A folder that exists, for recordings of what the planner of each download was told and said. Default: none are made.',
    default: '',
    range: 'a path',
    accepts: isPath,
  }),
  logLevel: choiceSetting({
    variable: 'P2P_LOG_LEVEL',
    description: 'The least important log lines that are written.',
    choices: ['debug', 'info', 'warn', 'error', 'silent'],
    default: 'info',
  }),
  ...tracingSettings,
};

export type PeerConfig = Omit<ReturnType<typeof readRaw>, 'dataDir' | 'peerId'> & {
  readonly peerId: string;
  /** Absolute. */
  readonly dataDir: string;
};

/** What the command line may override. */
export interface PeerOverrides {
  readonly id?: string;
  readonly diary?: string;
  readonly delayMs?: string;
}

/** Reads the settings once, at start. Throws `BAD_CONFIG` with the variable, what it got and what it accepts. */
export function readPeerConfig(overrides: PeerOverrides = {}, env: NodeJS.ProcessEnv = process.env): PeerConfig {
  const raw = readRaw({
    ...env,
    ...(overrides.id === undefined ? {} : { P2P_PEER_ID: overrides.id }),
    ...(overrides.diary === undefined ? {} : { P2P_DIARY: overrides.diary }),
    ...(overrides.delayMs === undefined ? {} : { P2P_PACKET_DELAY_MS: overrides.delayMs }),
  });
  return {
    ...raw,
    peerId: raw.peerId === '' ? peerIdFromHostname() : raw.peerId,
    dataDir: absolutePath(raw.dataDir),
    recordDir: raw.recordDir === '' ? '' : absolutePath(raw.recordDir),
    shareDir: raw.shareDir === '' ? '' : absolutePath(raw.shareDir),
  };
}

function readRaw(env: Record<string, string | undefined>) {
  return readConfig(peerSettings, env);
}

/** Expands a leading "~/" as a shell would, and makes the path absolute. */
export function absolutePath(text: string): string {
  if (text === '~' || text.startsWith('~/')) {
    const home = os.homedir();
    if (home === '') throw new Failure('BAD_CONFIG', `"${text}" needs a home directory, and this user has none; give an absolute path`);
    return path.join(home, text.slice(1));
  }
  return path.resolve(text);
}
