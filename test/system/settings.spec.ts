import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCommand, type CommandResult } from '../tools/command.ts';
import { writeContent } from '../tools/content.ts';
import { finish, startDownloader } from '../tools/fleet.ts';
import { ProgramProcess } from '../tools/program-process.ts';
import { Stage, type Diary } from '../tools/stage.ts';
import { startGet } from '../tools/transfer.ts';

const FILES = {
  'p2p-diary': fileURLToPath(new URL('../../apps/diary/bin/p2p-diary.js', import.meta.url)),
  'p2p-peer': fileURLToPath(new URL('../../apps/peer/bin/p2p-peer.js', import.meta.url)),
  p2p: fileURLToPath(new URL('../../apps/peer/bin/p2p.js', import.meta.url)),
};
type Program = keyof typeof FILES;
const PROGRAMS = Object.keys(FILES) as Program[];

/** A program that refuses its settings ends at once; one that does not would run on. */
const END_MS = 30_000;
/** Node 24 is the oldest that the programs run under. */
const NODE_MAJOR_MIN = 24;
const SYSTEM_NODE = '/usr/bin/node';

let stage: Stage;
let diary: Diary;
/** Each start has a data directory of its own. */
let starts = 0;

beforeAll(async () => {
  stage = await Stage.open();
  // A short lease: how long a taken id is taken for an earlier life of the same peer follows from it.
  diary = await stage.startDiary({ env: { P2P_LEASE_TTL_MS: '500' } });
});

afterAll(async () => {
  await stage.stop();
  await stage.close();
});

/** Settings with which a program would start. */
async function goodSettings(program: Program): Promise<Record<string, string>> {
  const ports =
    program === 'p2p-diary' ? ['P2P_DIARY_PORT', 'P2P_METRICS_PORT'] : ['P2P_PEER_PORT', 'P2P_METRICS_PORT', 'P2P_CONTROL_PORT'];
  const dataDir = await stage.path(`data-${(starts += 1)}`);
  return {
    ...Object.fromEntries(ports.map((port) => [port, '0'])),
    P2P_DIARY: diary.address,
    P2P_DATA_DIR: dataDir,
    P2P_PEER_ID: 'settings',
  };
}

async function run(
  program: Program,
  options: { readonly args?: readonly string[]; readonly env?: Readonly<Record<string, string>> },
): Promise<CommandResult> {
  const { args = [], env = {} } = options;
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('P2P_')));
  return startCommand(FILES[program], args, { env: { ...inherited, ...(await goodSettings(program)), ...env }, deadlineMs: END_MS }).result;
}

/** Each variable with a value it cannot have, and what the line must say that it accepts. */
const BAD: readonly (readonly [Program, string, string, string])[] = [
  ['p2p-diary', 'P2P_DIARY_PORT', '65536', 'from 0 to 65535'],
  ['p2p-diary', 'P2P_METRICS_PORT', '-1', 'from 0 to 65535'],
  ['p2p-diary', 'P2P_LEASE_TTL_MS', '499', 'from 500 to 600000'],
  ['p2p-diary', 'P2P_LEASE_TTL_MS', '6s', 'from 500 to 600000'],
  ['p2p-diary', 'P2P_LOG_LEVEL', 'verbose', 'debug, info, warn, error, silent'],
  ['p2p-peer', 'P2P_DIARY', 'nowhere', 'HOST:PORT'],
  ['p2p-peer', 'P2P_DIARY', 'host:0', 'HOST:PORT'],
  ['p2p-peer', 'P2P_PEER_ID', 'two words', 'letters, digits'],
  ['p2p-peer', 'P2P_PEER_ID', 'x'.repeat(64), '1 to 63'],
  ['p2p-peer', 'P2P_ADVERTISED_HOST', 'not a host', 'a DNS name or an IP address'],
  ['p2p-peer', 'P2P_PEER_PORT', '4000.5', 'from 0 to 65535'],
  ['p2p-peer', 'P2P_METRICS_PORT', '70000', 'from 0 to 65535'],
  ['p2p-peer', 'P2P_CONTROL_PORT', 'http', 'from 0 to 65535'],
  ['p2p-peer', 'P2P_CONTROL_HOST', 'no host', 'a DNS name or an IP address'],
  ['p2p-peer', 'P2P_PACKET_DELAY_MS', '-0.1', 'from 0 to 60000'],
  ['p2p-peer', 'P2P_PACKET_DELAY_MS', 'NaN', 'from 0 to 60000'],
  ['p2p-peer', 'P2P_PACKET_BYTES', '63', 'from 64 to 1048576'],
  ['p2p-peer', 'P2P_PACKET_BYTES', '0x400', 'from 64 to 1048576'],
  ['p2p-peer', 'P2P_COMPRESSION', 'sometimes', 'auto, always, never'],
  ['p2p-peer', 'P2P_MAX_SOURCES', '0', 'from 1 to 64'],
  ['p2p-peer', 'P2P_MAX_DOWNLOADS', '65', 'from 1 to 64'],
  ['p2p-peer', 'P2P_HOLDER_WAIT_MS', '1e99', 'from 0 to 86400000'],
  ['p2p-peer', 'P2P_LOG_LEVEL', 'INFO', 'debug, info, warn, error, silent'],
  ['p2p', 'P2P_CONTROL_URL', 'localhost', 'http://'],
  ['p2p', 'P2P_CONTROL_URL', 'ftp://localhost:7070', 'http://'],
];

describe('a setting with a bad value', () => {
  it.concurrent.each(BAD)(
    '%s with %s=%s ends at once with one line: the variable, what it got and what it accepts',
    async (program, variable, value, accepts) => {
      const { code, stdout, stderr } = await run(program, { args: program === 'p2p' ? ['list'] : [], env: { [variable]: value } });
      expect(stderr).toMatch(/^BAD_CONFIG: .*\n$/);
      expect(stderr).toContain(variable);
      expect(stderr).toContain(value);
      expect(stderr).toContain(accepts);
      expect(stdout).toBe('');
      expect(code).toBe(3);
    },
  );

  it.concurrent('P2P_DATA_DIR that is a file ends at once with one line that names the variable and the path', async () => {
    const { code, stdout, stderr } = await run('p2p-peer', { env: { P2P_DATA_DIR: FILES.p2p } });
    expect(stderr).toMatch(/^ALREADY_EXISTS: .*\n$/);
    expect(stderr).toContain('P2P_DATA_DIR');
    expect(stderr).toContain(FILES.p2p);
    expect(stdout).toBe('');
    expect(code).toBe(7);
  });

  it.runIf(process.platform === 'linux')('P2P_DATA_DIR where there can be none ends at once, and does not try for ever', async () => {
    const { code, stdout, stderr } = await run('p2p-peer', { env: { P2P_DATA_DIR: '/proc/nope' } });
    expect(stderr).toMatch(/^NOT_FOUND: .*P2P_DATA_DIR.*\n$/);
    expect(stderr).toContain('/proc/nope');
    expect(stdout).toBe('');
    expect(code).toBe(5);
  });

  it.concurrent('an unknown flag or a superfluous argument ends at once with one line', async () => {
    for (const [program, args] of [
      ['p2p-peer', ['--fast']],
      ['p2p-peer', ['alpha', 'localhost', '100']],
      ['p2p-diary', ['--fast']],
    ] as const) {
      const { code, stdout, stderr } = await run(program, { args });
      expect(stderr.trim().split('\n')).toHaveLength(1);
      expect(stdout).toBe('');
      expect(code).toBe(3);
    }
  });
});

describe('a port that another program listens on', () => {
  let other: Server;
  let port: string;

  beforeAll(async () => {
    other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '0.0.0.0', resolve));
    port = String((other.address() as AddressInfo).port);
  });

  afterAll(async () => {
    await new Promise((resolve) => other.close(resolve));
  });

  it.each([
    ['p2p-diary', 'P2P_DIARY_PORT'],
    ['p2p-diary', 'P2P_METRICS_PORT'],
    ['p2p-peer', 'P2P_PEER_PORT'],
    ['p2p-peer', 'P2P_METRICS_PORT'],
    ['p2p-peer', 'P2P_CONTROL_PORT'],
  ] as const)('%s with %s > ends with PORT_TAKEN in one line that names the port', async (program, variable) => {
    const { code, stderr } = await run(program, { env: { [variable]: port } });
    expect(stderr).toMatch(/^PORT_TAKEN: .*\n$/);
    expect(stderr).toContain(port);
    expect(code).toBe(29);
  });
});

describe('what belongs to another running peer', () => {
  it('its data directory > DATA_DIR_IN_USE, and free again after it was SIGKILLed', async () => {
    const owner = await stage.startPeer({ id: 'owner' });
    const { code, stderr } = await run('p2p-peer', { env: { P2P_DATA_DIR: owner.dataDir, P2P_PEER_ID: 'rival' } });
    expect(stderr).toMatch(/^DATA_DIR_IN_USE: .*\n$/);
    expect(stderr).toContain(owner.dataDir);
    expect(code).toBe(28);
    await owner.process.end();
    const again = await stage.startPeer({ id: 'owner', dataDir: owner.dataDir });
    await again.process.stop();
  });

  it('a data directory whose owner died, wanted by several at once > is exactly one’s', async () => {
    const owner = await stage.startPeer({ id: 'former' });
    await owner.process.end();
    const titles = ['first', 'second', 'third', 'fourth'];
    const rivals = await Promise.all(
      titles.map(async (id) => {
        const settings = { ...(await goodSettings('p2p-peer')), P2P_DATA_DIR: owner.dataDir, P2P_PEER_ID: id };
        const program = new ProgramProcess({ title: `peer ${id}`, file: FILES['p2p-peer'], env: { ...process.env, ...settings } });
        const outcome = await program.line('listening', { deadlineMs: END_MS }).then(
          () => 'owner',
          () => program.exit?.code,
        );
        return { program, outcome };
      }),
    );
    try {
      expect(rivals.map(({ outcome }) => String(outcome)).toSorted()).toEqual(['28', '28', '28', 'owner']);
    } finally {
      await Promise.all(rivals.map(({ program }) => program.end()));
    }
  });

  it('its id > PEER_ID_TAKEN, and the owner goes on undisturbed', async () => {
    const owner = await stage.startPeer({ id: 'alpha' });
    const { code, stderr } = await run('p2p-peer', { env: { P2P_PEER_ID: 'alpha' } });
    expect(stderr).toMatch(/^PEER_ID_TAKEN: .*\n$/);
    expect(stderr).toContain('alpha');
    expect(code).toBe(26);
    expect(JSON.parse((await owner.cli(['status', '--json'])).stdout)).toMatchObject({ peer: 'alpha', diary: { connected: true } });
    await owner.process.stop();
  });
});

describe('the flags of p2p-peer', () => {
  it('--id, --diary and --delay-ms > outrank the environment', async () => {
    const settings = await goodSettings('p2p-peer');
    const env = { ...settings, P2P_DIARY: '127.0.0.1:1', P2P_PEER_ID: 'not-this', P2P_PACKET_DELAY_MS: '0' };
    const args = ['--id', 'flagged', '--diary', diary.address, '--delay-ms', '10'];
    const program = new ProgramProcess({ title: 'peer flagged', file: FILES['p2p-peer'], args, env: { ...process.env, ...env } });
    try {
      const line = await program.line('listening', { deadlineMs: END_MS });
      expect(line['peer']).toBe('flagged');
      const path = await stage.path('shared', 'flagged.bin');
      const sha256 = await writeContent(path, { kind: 'random', bytes: 128 * 1024, seed: 1 });
      const commandEnv = {
        ...process.env,
        P2P_CONTROL_URL: `http://127.0.0.1:${String(line['controlPort'])}`,
        P2P_DATA_DIR: settings['P2P_DATA_DIR'],
      };
      expect((await startCommand(FILES.p2p, ['share', path], { env: commandEnv }).result).code).toBe(0);
      const downloader = await startDownloader(stage, { id: 'downloader', name: 'flagged.bin', holders: 1 });
      const { status, sha256: got } = await finish(startGet(downloader, { target: 'flagged.bin' }));
      expect(got).toBe(sha256);
      // 128 packets of 10 ms each.
      expect(status.transferMs).toBeGreaterThan(1200);
      await downloader.process.stop();
      await program.stop();
    } finally {
      await program.end();
    }
  });
});

describe('help', () => {
  it.each(PROGRAMS)('%s --help > says how to use it, every setting of it, and ends with 0', async (program) => {
    const { code, stdout, stderr } = await run(program, { args: ['--help'] });
    expect(stdout).toMatch(new RegExp(`^Usage: ${program} `));
    const variables = BAD.filter(([of]) => of === program).map(([, variable]) => variable);
    expect(variables.filter((variable) => !stdout.includes(variable))).toEqual([]);
    expect(stderr).toBe('');
    expect(code).toBe(0);
  });
});

describe('too old a Node', () => {
  it.for(PROGRAMS)('%s says so in one line and ends with 1', async (program, { skip }) => {
    const major = existsSync(SYSTEM_NODE)
      ? Number(/^v(\d+)/.exec(execFileSync(SYSTEM_NODE, ['--version'], { encoding: 'utf8' }))?.[1])
      : undefined;
    if (major === undefined || major >= NODE_MAJOR_MIN)
      skip(`${SYSTEM_NODE} is ${major === undefined ? 'not there' : `Node ${major}`}; an older one than ${NODE_MAJOR_MIN} would be needed`);
    const { status, stdout, stderr } = spawnSync(SYSTEM_NODE, [FILES[program]], { encoding: 'utf8' });
    expect(stderr).toMatch(new RegExp(`^p2p(-diary)? needs Node ${NODE_MAJOR_MIN} or newer; this is v${major}\\..*\n$`));
    expect(stdout).toBe('');
    expect(status).toBe(1);
  });
});
