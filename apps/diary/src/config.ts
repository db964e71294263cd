import { choiceSetting, integerSetting, readConfig } from '@p2p/service';

/** Every setting of the diary, as the README lists them. */
export const diarySettings = {
  port: integerSetting({
    variable: 'P2P_DIARY_PORT',
    description: 'Port that peers connect to; 0 picks a free one, which the log line of the start names.',
    default: 4100,
    min: 0,
    max: 65_535,
    unit: '',
  }),
  metricsPort: integerSetting({
    variable: 'P2P_METRICS_PORT',
    description: 'Port of /metrics and the health checks; 0 picks a free one, which the log line of the start names.',
    default: 9464,
    min: 0,
    max: 65_535,
    unit: '',
  }),
  leaseTtlMs: integerSetting({
    variable: 'P2P_LEASE_TTL_MS',
    description: 'How long a peer that has fallen silent stays listed. Peers renew three times as often.',
    default: 6_000,
    min: 500,
    max: 600_000,
    unit: 'ms',
  }),
  logLevel: choiceSetting({
    variable: 'P2P_LOG_LEVEL',
    description: 'How much is logged.',
    choices: ['debug', 'info', 'warn', 'error', 'silent'],
    default: 'info',
  }),
};

export interface DiaryConfig {
  readonly port: number;
  readonly metricsPort: number;
  readonly leaseTtlMs: number;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
}

/** Reads the environment. `port` as a text, from the command line, takes the place of its variable. Throws `BAD_CONFIG`. */
export function diaryConfig(arguments_: { readonly port?: string | undefined }): DiaryConfig {
  const env = arguments_.port === undefined ? process.env : { ...process.env, [diarySettings.port.variable]: arguments_.port };
  return readConfig(diarySettings, env);
}
