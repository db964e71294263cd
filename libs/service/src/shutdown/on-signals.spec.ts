import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/** A process of its own: the signals, the exit code and what was written before it are what is tested. */
async function run(o: {
  stop: string;
  signals: readonly NodeJS.Signals[];
  deadlineMs: number;
}): Promise<{ code: number | null; text: string }> {
  // Node runs TypeScript that has nothing but types to strip, and this module imports only types.
  const module = fileURLToPath(new URL('on-signals.ts', import.meta.url));
  const script = `
    import { onSignals } from ${JSON.stringify(module)};
    const write = (event, fields) => console.log(JSON.stringify({ event, ...fields }));
    const logger = { debug: write, info: write, warn: write, error: write };
    onSignals(${o.stop}, { logger, deadlineMs: ${o.deadlineMs} });
    setInterval(() => {}, 1000);
    console.log('up');
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit') as Promise<[number | null]>;
  let text = '';
  let sent = 0;
  // Each signal answers a line: "up" brings the first one, "stopping" the second.
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    const wanted = (text.includes('up\n') ? 1 : 0) + (text.includes('"stopping"') ? 1 : 0);
    for (; sent < Math.min(wanted, o.signals.length); sent += 1) child.kill(o.signals[sent]);
  });
  const [code] = await exited;
  return { code, text };
}

const never = 'async () => { await new Promise(() => {}); }';

describe('a signal to stop', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('%s stops, then ends the process with 0', async (signal) => {
    const { code, text } = await run({
      stop: "async (signal) => { console.log('stop ' + signal); }",
      signals: [signal],
      deadlineMs: 60_000,
    });
    expect(text).toContain(`stop ${signal}`);
    expect(code).toBe(0);
  });

  it('that comes a second time ends it at once with 1', async () => {
    expect(await run({ stop: never, signals: ['SIGTERM', 'SIGINT'], deadlineMs: 60_000 })).toMatchObject({ code: 1 });
  });

  it('ends it with 1 when stopping takes longer than allowed', async () => {
    const { code, text } = await run({ stop: never, signals: ['SIGTERM'], deadlineMs: 50 });
    expect(code).toBe(1);
    expect(text).toContain('stopping took longer than 50 ms');
  });

  it('ends it with 1 when stopping fails, and says how', async () => {
    const { code, text } = await run({ stop: "async () => { throw new Error('no') }", signals: ['SIGTERM'], deadlineMs: 60_000 });
    expect(code).toBe(1);
    expect(text).toContain('stopping failed');
  });
});
