import { PassThrough } from 'node:stream';
import { Failure } from '@p2p/protocol';
import { describe, expect, it } from 'vitest';
import { createLogger, type Logger, type LogLevel } from './logger.js';
import { NestLogger } from './nest-logger.js';

function record(level: LogLevel = 'debug'): { logger: Logger; text: () => string; lines: () => Record<string, unknown>[] } {
  const destination = new PassThrough();
  const chunks: Buffer[] = [];
  destination.on('data', (chunk: Buffer) => chunks.push(chunk));
  const text = (): string => Buffer.concat(chunks).toString();
  const lines = (): Record<string, unknown>[] =>
    text()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { logger: createLogger({ level, app: 'peer', destination }), text, lines };
}

describe('an event', () => {
  it('is one line of JSON with level, time, app, event and its fields', () => {
    const { logger, text } = record();
    logger.info('listening', { peerPort: 4000 });
    expect(text()).toMatch(
      /^\{"level":"info","time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z","app":"peer","event":"listening","peerPort":4000\}\n$/,
    );
  });

  it('below the level is not written', () => {
    const { logger, lines } = record('warn');
    logger.debug('a');
    logger.info('b');
    logger.warn('c');
    logger.error('d');
    expect(lines().map((line) => line['event'])).toEqual(['c', 'd']);
  });

  it('is not written at all by a silent logger', () => {
    const { logger, text } = record('silent');
    logger.error('a');
    expect(text()).toBe('');
  });

  it("cannot take the logger's own keys", () => {
    const { logger, text } = record();
    logger.info('a', { event: 'b', level: 'c', time: 'd', app: 'e' });
    expect(text().match(/"(event|level|time|app)":/g)).toHaveLength(4);
    expect(JSON.parse(text())).toMatchObject({ event: 'a', level: 'info', app: 'peer' });
  });

  it('with line breaks, loops and big integers in its fields stays one line of JSON', () => {
    const loop: Record<string, unknown> = { text: 'a\nb' };
    loop['loop'] = loop;
    const { logger, lines } = record();
    logger.info('odd', { loop, big: 2n ** 64n });
    expect(lines()).toHaveLength(1);
  });
});

describe('an error among the fields', () => {
  it('that is a failure is written with code, message and causes, without a stack', () => {
    const { logger, lines } = record();
    logger.warn('lost', { error: new Failure('DISK_FULL', 'no space', { cause: new RangeError('17 left') }) });
    expect(lines()[0]?.['error']).toMatchObject({
      code: 'DISK_FULL',
      message: 'no space',
      cause: { name: 'RangeError', message: '17 left' },
    });
    expect(lines()[0]?.['error']).not.toHaveProperty('stack');
  });

  it('that is a mistake of ours is written with its stack', () => {
    const { logger, lines } = record();
    logger.error('broken', { error: new Failure('INTERNAL', 'it broke') });
    expect(lines()[0]?.['error']).toMatchObject({ stack: expect.stringContaining('logger.spec') as string });
  });

  it('that causes itself ends', () => {
    const error = new Error('round');
    error.cause = error;
    const { logger, lines } = record();
    logger.error('broken', { error });
    expect(lines()).toHaveLength(1);
  });
});

describe('a child', () => {
  it('adds its fields to every line, and a field of the line wins', () => {
    const { logger, text, lines } = record();
    logger.child({ peer: 'a', file: 'f' }).child({ request: 1 }).info('served', { file: 'g' });
    expect(lines()).toEqual([expect.objectContaining({ peer: 'a', file: 'g', request: 1 })]);
    expect(text().match(/"file":/g)).toHaveLength(1);
  });
});

describe("Nest's own lines", () => {
  it('come at debug, its errors as warnings, with their context', () => {
    const { logger, lines } = record();
    const nest = new NestLogger(logger);
    nest.log('Starting Nest application...', 'NestFactory');
    nest.error('it failed', 'Error: it failed\n    at x', 'ServerTCP');
    expect(lines()).toMatchObject([
      { level: 'debug', event: 'nest', message: 'Starting Nest application...', context: 'NestFactory' },
      { level: 'warn', event: 'nest', message: 'it failed', context: 'ServerTCP', details: ['Error: it failed\n    at x'] },
    ]);
  });
});
