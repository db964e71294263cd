/** Every setting of the programs is reached by a documented value with the same default and the same bounds. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isMap, isScalar, parseDocument, visit } from 'yaml';
import { diarySettings } from '../../apps/diary/src/config.js';
import { cliSettings } from '../../apps/peer/src/cli/config.js';
import { peerSettings } from '../../apps/peer/src/config.js';
import { CHART, environment, render } from './helm.ts';

interface Schema {
  readonly minimum?: number;
  readonly maximum?: number;
  readonly enum?: readonly string[];
  readonly properties: Readonly<Record<string, Schema>>;
}

interface Documented {
  readonly section: 'peer' | 'diary';
  readonly key: string;
  readonly default: unknown;
}

const values = parseDocument(readFileSync(join(CHART, 'values.yaml'), 'utf8'));
const schema = JSON.parse(readFileSync(join(CHART, 'values.schema.json'), 'utf8')) as Schema;

/** The value under a comment that begins with the name of this variable. */
function documented(section: 'peer' | 'diary', variable: string): Documented | undefined {
  const map = values.get(section);
  if (!isMap(map)) throw new Error(`values.yaml has no ${section}`);
  let found: Documented | undefined;
  visit(map, {
    Pair(_, { key, value }) {
      if (!isScalar(key) || !isScalar(value)) return;
      // The comment before the first key of a map is the map's.
      const comment = key.commentBefore ?? (map.items[0]?.key === key ? map.commentBefore : undefined) ?? '';
      if (new RegExp(`\\b${variable}\\b`).test(comment)) found = { section, key: String(key.value), default: value.value };
    },
  });
  return found;
}

/** What each variable is set to, other than its default, and what the pod must then have. */
const OTHERS: Record<string, [value: unknown, text: string]> = {
  P2P_DIARY: ['elsewhere:4242', 'elsewhere:4242'],
  P2P_PEER_ID: ['west-', 'west-$(POD_NAME)'],
  P2P_ADVERTISED_HOST: ['peers.example', 'peers.example'],
  P2P_PEER_PORT: [65_535, '65535'],
  P2P_DIARY_PORT: [40_000, '40000'],
  P2P_METRICS_PORT: [9000, '9000'],
  P2P_CONTROL_PORT: [7071, '7071'],
  P2P_CONTROL_HOST: ['0.0.0.0', '0.0.0.0'],
  P2P_CONTROL_URL: ['http://127.0.0.1:1', 'http://127.0.0.1:1'],
  P2P_DATA_DIR: ['/elsewhere', '/elsewhere'],
  P2P_SHARE_DIR: ['/files', '/files'],
  P2P_RECORD_DIR: ['/data/records', '/data/records'],
  P2P_PACKET_DELAY_MS: [0.02, '0.02'],
  P2P_PACKET_BYTES: [1_048_576, '1048576'],
  P2P_COMPRESSION: ['never', 'never'],
  P2P_MAX_SOURCES: [64, '64'],
  P2P_MAX_DOWNLOADS: [1, '1'],
  P2P_HOLDER_WAIT_MS: [86_400_000, '86400000'],
  P2P_LOG_LEVEL: ['warn', 'warn'],
  OTEL_EXPORTER_OTLP_ENDPOINT: ['http://collector:4318', 'http://collector:4318'],
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: ['http://collector:4318/v1/traces', 'http://collector:4318/v1/traces'],
  OTEL_SERVICE_NAME: ['west', 'west'],
  P2P_LEASE_TTL_MS: [600_000, '600000'],
};

/** In a cluster these defaults are others: the pod's name, the release's diary, the volume. */
const OTHER_DEFAULTS = new Set(['P2P_PEER_ID', 'P2P_DIARY', 'P2P_DATA_DIR', 'P2P_CONTROL_URL']);

const sections = [
  { section: 'peer' as const, settings: [...Object.values(peerSettings), ...Object.values(cliSettings)], kind: 'StatefulSet' },
  { section: 'diary' as const, settings: Object.values(diarySettings), kind: 'Deployment' },
];

describe.each(sections)('every setting of the $section', ({ section, settings, kind }) => {
  it('has a value, which its comment names', () => {
    expect(settings.map(({ variable }) => variable).filter((variable) => documented(section, variable) === undefined)).toEqual([]);
  });

  it('has the default of the program, where the cluster does not give a better one', () => {
    const compared = settings.filter(({ variable }) => !OTHER_DEFAULTS.has(variable));
    const chart = compared.map(({ variable }) => [variable, String(documented(section, variable)?.default)]);
    expect(chart).toEqual(compared.map(({ variable, defaultText }) => [variable, defaultText]));
  });

  it('reaches the container from its value', async () => {
    const set: Record<string, unknown> = {};
    for (const { variable } of settings) set[documented(section, variable)?.key ?? ''] = OTHERS[variable]?.[0];
    const rendered = await render({ [section]: set });
    const expected = Object.fromEntries(settings.map(({ variable }) => [variable, OTHERS[variable]?.[1]]));
    expect(environment(rendered.one(kind))).toMatchObject(expected);
  });

  const limited = settings.filter(({ variable, range }) => !variable.endsWith('_PORT') && /^one of|number from/.test(range));

  it.each(limited)('$variable has the bounds or choices of the program in the schema', ({ variable, range }) => {
    const property = schema.properties[section]?.properties[documented(section, variable)?.key ?? ''];
    const numbers = /from (\d+) to (\d+)/.exec(range);
    const choices = /^one of (.+)$/.exec(range)?.[1]?.split(', ');
    expect({ minimum: property?.minimum, maximum: property?.maximum, enum: property?.enum }).toEqual({
      minimum: numbers === null ? undefined : Number(numbers[1]),
      maximum: numbers === null ? undefined : Number(numbers[2]),
      enum: choices,
    });
  });
});

it('values.yaml says something about every value', () => {
  // A comment stands for the lines under it up to a blank one; sections speak through their values.
  const blocks = readFileSync(join(CHART, 'values.yaml'), 'utf8').split(/\n(?=\s*#)|\n\n/);
  const bare = blocks.filter(
    (block) =>
      block.trim() !== '' && !/^\s*#/.test(block) && !/^[a-zA-Z]+:$|^\s+(persistence|podDisruptionBudget|topologySpread):$/.test(block),
  );
  expect(bare).toEqual([]);
});
