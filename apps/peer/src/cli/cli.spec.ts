import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { EXIT_CODES, Failure } from '@p2p/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ControlHarness } from '../control/spec-helper.js';
import { downloadReport, downloadStatus, idOf } from '../control/spec-ports.js';
import { EXIT_INTERRUPTED } from './exit-codes.js';

const BIN = fileURLToPath(new URL('../../bin/p2p.js', import.meta.url));

let control: ControlHarness;
let running: ChildProcess[];

beforeEach(async () => {
  control = await ControlHarness.start();
  running = [];
});

afterEach(async () => {
  for (const child of running) child.kill('SIGKILL');
  await control.close();
});

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

class Run {
  readonly child: ChildProcess;
  stdout = '';
  stderr = '';
  readonly #waits: (() => void)[] = [];
  readonly #closed: Promise<unknown[]>;

  constructor(words: readonly string[], env: Readonly<Record<string, string>>) {
    this.child = spawn(process.execPath, [BIN, ...words], {
      cwd: control.dataDir,
      env: { PATH: process.env['PATH'] ?? '', P2P_CONTROL_URL: control.url, P2P_DATA_DIR: control.dataDir, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.push(this.child);
    this.#closed = once(this.child, 'close');
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#heard(() => (this.stdout += text)));
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#heard(() => (this.stderr += text)));
  }

  /** Resolves when either output holds `text`. The test's own time-out bounds it. */
  async says(text: string): Promise<void> {
    while (!`${this.stdout}${this.stderr}`.includes(text)) await new Promise<void>((resolve) => this.#waits.push(resolve));
  }

  async end(): Promise<Outcome> {
    const [code] = (await this.#closed) as [number | null];
    return { code, stdout: this.stdout, stderr: this.stderr };
  }

  #heard(add: () => void): void {
    add();
    for (const wake of this.#waits.splice(0)) wake();
  }
}

function start(words: readonly string[], env: Readonly<Record<string, string>> = {}): Run {
  return new Run(words, env);
}

function p2p(...words: string[]): Promise<Outcome> {
  return start(words).end();
}

describe('p2p explain', () => {
  const FLIGHT = `${JSON.stringify({
    kind: 'download',
    version: 1,
    id: idOf('1'),
    name: 'movie.mkv',
    bytes: 0,
    startedAt: '2026-01-01T00:00:00.000Z',
    untilMs: 0,
    dropped: 0,
  })}\n`;

  it('draws a record without colours where no terminal is, and needs no peer', async () => {
    await fs.writeFile(path.join(control.dataDir, 'flight.ndjson'), FLIGHT);
    const { code, stdout, stderr } = await start(['explain', 'flight.ndjson'], { P2P_CONTROL_URL: 'http://127.0.0.1:1' }).end();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^movie\.mkv: 0 B from 0 sources in 0 ms\n\nWhat bounded the speed is not in this record/);
  });

  it('--json says the same as JSON', async () => {
    await fs.writeFile(path.join(control.dataDir, 'flight.ndjson'), FLIGHT);
    const { code, stdout } = await p2p('explain', 'flight.ndjson', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ name: 'movie.mkv', limit: null, sources: [], handovers: [] });
  });

  it('of a file that is not there, or is no record, fails with the line and what to give', async () => {
    await fs.writeFile(path.join(control.dataDir, 'cut.ndjson'), `${FLIGHT}{"kind":"att`);
    expect(await p2p('explain', 'nothing.ndjson')).toMatchObject({ code: EXIT_CODES.NOT_FOUND, stdout: '' });
    expect(await p2p('explain', '.')).toMatchObject({ code: EXIT_CODES.BAD_REQUEST, stdout: '' });
    const { code, stderr } = await p2p('explain', 'cut.ndjson');
    expect(code).toBe(EXIT_CODES.BAD_REQUEST);
    expect(stderr).toMatch(/^BAD_REQUEST: line 2 of .*cut\.ndjson is no JSON; give a file that `p2p get --trace` wrote\n$/);
  });
});

describe('the command line', () => {
  it.each(['share', 'unshare', 'list', 'get', 'cancel', 'explain', 'status', 'leave'])(
    'p2p %s --help shows its usage and examples, and is a success',
    async (command) => {
      const { code, stdout, stderr } = await p2p(command, '--help');
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toContain(`Usage: p2p ${command}`);
      expect(stdout).toContain('Examples:');
      expect(await p2p('help', command)).toEqual({ code, stdout, stderr });
    },
  );

  it('prints its version', async () => {
    expect(await p2p('--version')).toEqual({ code: 0, stdout: '0.1.0\n', stderr: '' });
  });

  it('lists the exit code of every failure', async () => {
    const { stdout } = await p2p('help', 'exit-codes');
    for (const [failure, exitCode] of Object.entries(EXIT_CODES)) expect(stdout).toMatch(new RegExp(`^ *${exitCode}  ${failure}$`, 'm'));
  });

  it.each([[['get']], [['bogus']], [['get', 'a', 'b']], [['list', '--bogus']], [['share', 'a', 'b', '--name', 'c']], [['help', 'bogus']]])(
    'p2p %j is BAD_REQUEST, and asks nothing of the peer',
    async (words) => {
      const { code, stdout, stderr } = await start(words, { P2P_CONTROL_URL: 'http://127.0.0.1:1' }).end();
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toMatch(/^BAD_REQUEST: .+\n$/);
    },
  );

  it('without a command shows the help on standard error', async () => {
    const { code, stdout, stderr } = await p2p();
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('Usage: p2p');
  });

  it.each(['ftp://x', 'localhost:7070', 'http://', 'http://a/b', 'http://user@a'])(
    'refuses P2P_CONTROL_URL=%s with BAD_CONFIG',
    async (url) => {
      const { code, stderr } = await start(['list'], { P2P_CONTROL_URL: url }).end();
      expect(code).toBe(EXIT_CODES.BAD_CONFIG);
      expect(stderr).toMatch(/^BAD_CONFIG: P2P_CONTROL_URL is .+; it must be /);
    },
  );
});

describe('a peer that cannot be talked to', () => {
  it('is UNREACHABLE when nobody listens, and the sentence tells what to do', async () => {
    await control.stop();
    const { code, stdout, stderr } = await p2p('list');
    expect({ code, stdout }).toEqual({ code: EXIT_CODES.UNREACHABLE, stdout: '' });
    expect(stderr).toBe(`UNREACHABLE: no peer answers at ${control.url}: start one with \`p2p-peer\`, or set P2P_CONTROL_URL\n`);
  });

  it('is UNREACHABLE when nobody listens and there is no token either', async () => {
    await control.stop();
    expect((await start(['list'], { P2P_DATA_DIR: '/nowhere' }).end()).code).toBe(EXIT_CODES.UNREACHABLE);
  });

  it('is UNAUTHORIZED when its token is not where P2P_DATA_DIR says', async () => {
    const { code, stderr } = await start(['list'], { P2P_DATA_DIR: '/nowhere' }).end();
    expect(code).toBe(EXIT_CODES.UNAUTHORIZED);
    expect(stderr).toContain('there is no token at /nowhere/control.token; set P2P_DATA_DIR');
  });

  it('is UNAUTHORIZED when the token is that of another peer', async () => {
    await fs.writeFile(path.join(control.dataDir, 'control.token'), '0'.repeat(64));
    const { code, stderr } = await p2p('list');
    expect(code).toBe(EXIT_CODES.UNAUTHORIZED);
    expect(stderr).toContain("is another peer's token");
  });

  it('is VERSION_MISMATCH when another program answers there', async () => {
    const other = net.createServer((socket) => {
      socket.on('error', () => undefined);
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 13\r\nConnection: close\r\n\r\n<html></html>');
    });
    await once(other.listen(0, '127.0.0.1'), 'listening');
    const { port } = other.address() as net.AddressInfo;
    const { code } = await start(['list'], { P2P_CONTROL_URL: `http://127.0.0.1:${port}` }).end();
    expect(code).toBe(EXIT_CODES.VERSION_MISMATCH);
    other.close();
  });

  it('fails as one line of JSON on standard error with --json, before or after the command', async () => {
    await control.stop();
    for (const words of [
      ['--json', 'list'],
      ['list', '--json'],
    ]) {
      const { stdout, stderr } = await p2p(...words);
      expect(stdout).toBe('');
      expect(JSON.parse(stderr)).toMatchObject({ failure: { code: 'UNREACHABLE' } });
      expect(stderr.trimEnd()).not.toContain('\n');
    }
  });
});

describe('p2p list', () => {
  it('prints an aligned row for each file, with its whole id', async () => {
    control.directory.entries = [
      { id: idOf('aa'), name: 'a', bytes: 0, complete: 1, partial: 0 },
      { id: idOf('bb'), name: 'films/日本.mkv', bytes: 1_288_490_189, complete: 3, partial: 1 },
    ];
    const { code, stdout, stderr } = await p2p('list');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe(
      [
        'NAME                  SIZE  HOLDERS         ID',
        `a                      0 B  1               ${idOf('aa')}`,
        `films/日本.mkv     1.2 GiB  3 + 1 partial   ${idOf('bb')}`,
        '',
      ].join('\n'),
    );
  });

  it('goes through every page', async () => {
    control.directory.entries = Array.from({ length: 250 }, (_, index) => ({
      id: idOf(`e${index}`),
      name: `f${String(index).padStart(3, '0')}`,
      bytes: 1,
      complete: 1,
      partial: 0,
    }));
    expect((await p2p('list')).stdout.match(/^f\d{3} /gm)).toHaveLength(250);
    const { entries } = JSON.parse((await p2p('list', '--json')).stdout) as { entries: unknown[] };
    expect(entries).toEqual(control.directory.entries);
  });

  it('of nothing says so on standard error, and is a success', async () => {
    const { code, stdout, stderr } = await p2p('list');
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toContain('nobody shares a file yet');
    expect(JSON.parse((await p2p('list', '--json')).stdout)).toEqual({ entries: [] });
  });

  it('ends quietly when its reader goes away', async () => {
    control.directory.entries = Array.from({ length: 5000 }, (_, index) => ({
      id: idOf(`e${index}`),
      name: `f${index}`,
      bytes: 1,
      complete: 1,
      partial: 0,
    }));
    const run = start(['list']);
    await run.says('NAME');
    run.child.stdout?.destroy();
    const { stderr } = await run.end();
    expect(stderr).toBe('');
  });
});

describe('p2p share', () => {
  const file = (name: string, digits: string) =>
    ({ kind: 'shared', remembered: false, share: { id: idOf(digits), name, path: `/x/${name}`, bytes: 2048, origin: 'command' } }) as const;

  it('resolves the path against the working directory and prints a line for each file', async () => {
    control.shares.scripts.set(path.join(control.dataDir, 'folder'), async function* () {
      yield { kind: 'found', files: 2, bytes: 4096 };
      yield file('a', 'a');
      yield file('b c', 'b');
      yield { kind: 'done', shared: 2, failed: 0 };
    });
    expect(await p2p('share', './folder')).toEqual({
      code: 0,
      stderr: '',
      stdout: `shared a  2.0 KiB  ${idOf('a')}\nshared b c  2.0 KiB  ${idOf('b')}\n`,
    });
  });

  it('with --json prints one object', async () => {
    control.shares.scripts.set('/a', async function* () {
      yield file('a', 'a');
      yield { kind: 'done', shared: 1, failed: 0 };
    });
    const { code, stdout } = await p2p('share', '/a', '--name', 'renamed', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ shared: [{ name: 'renamed', remembered: false }], failed: [] });
  });

  it('of several paths shares the rest when one fails, and fails with its code', async () => {
    control.shares.scripts.set('/a', async function* () {
      yield file('a', 'a');
      yield { kind: 'failed', path: '/a/locked', code: 'ACCESS_DENIED', message: 'no' };
      yield { kind: 'done', shared: 1, failed: 1 };
    });
    const { code, stdout, stderr } = await p2p('share', '/a', '/nowhere');
    expect(code).toBe(EXIT_CODES.ACCESS_DENIED);
    expect(stdout).toContain('shared a');
    expect(stderr).toContain('NOT_FOUND: /nowhere');
    expect(stderr).toContain('ACCESS_DENIED: 2 paths could not be shared');
  });

  it('interrupted stops the hashing and exits with 130', async () => {
    const aborted = Promise.withResolvers<void>();
    control.shares.scripts.set('/a', async function* (signal) {
      yield file('a', 'a');
      await once(signal, 'abort');
      aborted.resolve();
    });
    const run = start(['share', '/a']);
    await run.says('shared a');
    run.child.kill('SIGINT');
    expect((await run.end()).code).toBe(EXIT_INTERRUPTED);
    await aborted.promise;
  });
});

describe('p2p get', () => {
  const id = idOf('d0');
  const done = { state: 'done', verifiedBytes: 1000, transferMs: 500, totalMs: 1500, report: downloadReport() } as const;

  beforeEach(() => {
    control.downloads.known.set('movie.mkv', downloadStatus());
  });

  it('follows the download and ends with the report', async () => {
    const run = start(['get', 'movie.mkv', '--output', 'out.mkv', '--overwrite']);
    await run.says('downloading movie.mkv');
    control.downloads.move(id, { verifiedBytes: 500, bytesPerSecond: 1000 });
    await run.says('50.0 %, 500 B of 1000 B, 1000 B/s');
    control.downloads.move(id, done);
    const { code, stdout, stderr } = await run.end();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^ {2}parallel transfer {2}500 ms$/m);
    expect(stdout).toMatch(/^ {2}total {14}1\.5 s$/m);
    expect(control.downloads.started).toEqual([{ target: 'movie.mkv', output: path.join(control.dataDir, 'out.mkv'), overwrite: true }]);
  });

  it('into a folder keeps the name', async () => {
    control.downloads.known.set('films/movie.mkv', downloadStatus(done));
    expect((await p2p('get', 'films/movie.mkv', '--output', '.')).code).toBe(0);
    expect(control.downloads.started).toMatchObject([{ output: path.join(control.dataDir, 'movie.mkv') }]);
  });

  it('with --json prints the last status alone', async () => {
    control.downloads.known.set('movie.mkv', downloadStatus(done));
    const { code, stdout } = await p2p('get', 'movie.mkv', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ state: 'done', report: { segmentCount: 10 } });
  });

  it('with --json --progress prints a line of JSON for each status', async () => {
    const run = start(['get', 'movie.mkv', '--json', '--progress']);
    await run.says('"verifiedBytes":0');
    control.downloads.move(id, { verifiedBytes: 500 });
    await run.says('"verifiedBytes":500');
    control.downloads.move(id, done);
    const { stdout } = await run.end();
    const states = stdout
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { state: string }).state);
    expect(states.at(-1)).toBe('done');
    expect(states.length).toBeGreaterThan(2);
  });

  it('with --trace writes what happened, a line each', async () => {
    const moved = { kind: 'redistributed', segment: 3, source: 'a', reason: 'source_left', atMs: 1.5 } as const;
    control.downloads.known.set('movie.mkv', downloadStatus(done));
    control.downloads.traces.set(id, [moved, moved]);
    const { code, stderr } = await p2p('get', 'movie.mkv', '--trace', 'flight.jsonl');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(control.downloads.started).toMatchObject([{ trace: true }]);
    expect(await fs.readFile(path.join(control.dataDir, 'flight.jsonl'), 'utf8')).toBe(`${JSON.stringify(moved)}\n`.repeat(2));
  });

  it('with --trace of what was not recorded says so, and has the file all the same', async () => {
    control.downloads.known.set('movie.mkv', downloadStatus(done));
    const { code, stderr } = await p2p('get', 'movie.mkv', '--trace', 'flight.jsonl');
    expect(code).toBe(0);
    expect(stderr).toContain('no flight record in');
  });

  it('that fails prints the code, the sentence and how to go on', async () => {
    const run = start(['get', 'movie.mkv']);
    await run.says('downloading');
    control.downloads.move(id, { state: 'failed', verifiedBytes: 500, failure: { code: 'NO_HOLDERS', message: 'nobody has the rest' } });
    const { code, stderr } = await run.end();
    expect(code).toBe(EXIT_CODES.NO_HOLDERS);
    expect(stderr).toBe('NO_HOLDERS: nobody has the rest; 500 B of 1000 B are kept; take it up again with: p2p get movie.mkv\n');
  });

  it('of what nobody shares is NOT_FOUND', async () => {
    expect(await p2p('get', 'unknown')).toEqual({ code: EXIT_CODES.NOT_FOUND, stdout: '', stderr: 'NOT_FOUND: nobody shares unknown\n' });
  });

  it('of a name with several contents is AMBIGUOUS_NAME', async () => {
    control.downloads.known.set('movie.mkv', new Failure('AMBIGUOUS_NAME', 'two contents'));
    expect((await p2p('get', 'movie.mkv')).code).toBe(EXIT_CODES.AMBIGUOUS_NAME);
  });

  it('interrupted cancels the download, keeps what it has, and says how to go on', async () => {
    const run = start(['get', 'movie.mkv', '--output', 'a b']);
    await run.says('downloading');
    control.downloads.move(id, { verifiedBytes: 500 });
    await run.says('50.0 %');
    run.child.kill('SIGINT');
    const { code, stderr } = await run.end();
    expect(code).toBe(EXIT_INTERRUPTED);
    expect(control.downloads.cancelled).toEqual([{ target: id, discard: false }]);
    expect(stderr).toContain('500 B of 1000 B are kept');
    expect(stderr).toContain(`p2p get --output '${path.join(control.dataDir, 'a b')}' movie.mkv`);
  });

  it('cancelled by somebody else is CANCELLED, not interrupted', async () => {
    const run = start(['get', 'movie.mkv']);
    await run.says('downloading');
    expect((await p2p('cancel', 'movie.mkv')).stdout).toBe('cancelled movie.mkv; 0 B of 1000 B are kept\n');
    expect((await run.end()).code).toBe(EXIT_CODES.CANCELLED);
  });

  it('with --detach returns when the download has begun', async () => {
    const { code, stdout } = await p2p('get', 'movie.mkv', '--detach');
    expect(code).toBe(0);
    expect(stdout).toContain('downloading movie.mkv to /data/downloads/movie.mkv');
    expect(control.downloads.list()).toMatchObject([{ state: 'transferring' }]);
  });

  it('follows on when the peer was restarted in between', async () => {
    const run = start(['get', 'movie.mkv']);
    await run.says('downloading');
    await control.stop();
    await run.says('the peer is away');
    await control.listen();
    await run.says('the peer is back');
    control.downloads.move(id, done);
    const { code, stdout } = await run.end();
    expect(code).toBe(0);
    expect(stdout).toContain('parallel transfer');
  });

  it('asks again for a download that the restarted peer does not know yet', async () => {
    const run = start(['get', 'movie.mkv']);
    await run.says('downloading');
    await control.stop();
    control.downloads.running.clear();
    control.downloads.known.set(id, downloadStatus({ ...done }));
    await control.listen();
    expect((await run.end()).code).toBe(0);
    expect(control.downloads.started.at(-1)).toEqual({ target: id, output: '/data/downloads/movie.mkv' });
  });

  it('shows a hostile name without obeying it', async () => {
    control.downloads.known.set('x', downloadStatus({ ...done, name: 'a\u001b]0;title\u0007\u202egnp.exe' }));
    const { stdout } = await p2p('get', 'x');
    expect(stdout).toContain('a\\u{1b}]0;title\\u{7}\\u{202e}gnp.exe');
    expect(stdout).not.toContain('\u001b');
  });
});

describe('p2p status', () => {
  it('shows the peer and its downloads', async () => {
    control.downloads.known.set('movie.mkv', downloadStatus({ verifiedBytes: 250, bytesPerSecond: 100 }));
    await p2p('get', 'movie.mkv', '--detach');
    const { code, stdout } = await p2p('status');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^peer {7}alpha$/m);
    expect(stdout).toMatch(/^running {4}for 1h 02m$/m);
    expect(stdout).toMatch(/^shares {5}2 files, 3\.0 GiB$/m);
    expect(stdout).toMatch(/^movie\.mkv +1000 B +25\.0 % +100 B\/s +from 0 sources$/m);
    expect(JSON.parse((await p2p('status', '--json')).stdout)).toMatchObject({ peer: 'alpha', downloads: [{ name: 'movie.mkv' }] });
  });
});

describe('p2p unshare', () => {
  it('names what is not shared any more', async () => {
    control.shares.shared.set(idOf('a'), { id: idOf('a'), name: 'a', path: '/a', bytes: 1, origin: 'command' });
    expect((await p2p('unshare', 'a')).stdout).toBe(`unshared a  1 B  ${idOf('a')}\n`);
    expect((await p2p('unshare', 'a')).code).toBe(EXIT_CODES.NOT_FOUND);
  });
});

describe('p2p leave', () => {
  it('returns when the peer is gone', async () => {
    const stopped = Promise.withResolvers<void>();
    control.peer.onLeave = () => void control.stop().then(stopped.resolve, stopped.reject);
    expect(await p2p('leave')).toEqual({ code: 0, stdout: 'the peer has left\n', stderr: '' });
    await stopped.promise;
  });
});
