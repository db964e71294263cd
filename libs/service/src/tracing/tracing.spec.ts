import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { createLogger } from '../logging/logger.js';
import { startTracing } from './start-tracing.js';
import { formatTraceparent, readTraceparent } from './traceparent.js';
import { isTracingOn } from './tracing-settings.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const logger = createLogger({ level: 'silent', app: 'test' });
const identity = { service: 's', instance: 'i', version: '1' };

describe('traceparent', () => {
  it('is read as it is written', () => {
    const text = `00-${TRACE}-${SPAN}-01`;
    const context = readTraceparent(text);
    expect(context).toEqual({ traceId: TRACE, spanId: SPAN, traceFlags: 1, isRemote: true });
    expect(context && formatTraceparent(context)).toBe(text);
  });

  it.each([
    ['not recorded', `00-${TRACE}-${SPAN}-00`],
    ['another version', `01-${TRACE}-${SPAN}-01`],
    ['no trace', `00-${'0'.repeat(32)}-${SPAN}-01`],
    ['no span', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['capitals', `00-${TRACE.toUpperCase()}-${SPAN}-01`],
    ['too long', `00-${TRACE}-${SPAN}-01-more`],
    ['empty', ''],
  ])('is none: %s', (_, text) => {
    expect(readTraceparent(text)).toBeUndefined();
  });
});

describe('without an endpoint', () => {
  it('there are no spans', async () => {
    const { tracer, stop } = await startTracing({ isOn: isTracingOn({ otlpEndpoint: '', otlpTracesEndpoint: '' }), logger, ...identity });
    expect(tracer.begin('download')).toBeUndefined();
    expect(tracer.join('serve', `00-${TRACE}-${SPAN}-01`)).toBeUndefined();
    await stop();
  });

  it('nothing of the SDK is loaded', () => {
    const service = new URL('../../dist/index.js', import.meta.url).href;
    const program = `
      import { createRequire, registerHooks } from 'node:module';
      const loaded = [];
      registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
      const { startTracing } = await import(${JSON.stringify(service)});
      const logger = { warn() {} };
      const identity = { service: 's', instance: 'i', version: '1' };
      const count = () => loaded.filter((url) => url.includes('/@opentelemetry/sdk-')).length;
      await startTracing({ isOn: false, logger, ...identity });
      const before = count();
      const { stop } = await startTracing({ isOn: true, logger, ...identity });
      console.log(JSON.stringify({ before, after: count() > 0 }));
      await stop();`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({ before: 0, after: true });
  });
});
