import { Failure } from '@p2p/protocol';
import { expect, it } from 'vitest';
import { REJECTIONS_LOGGED_MAX, REJECTIONS_LOGGED_MS } from './limits.js';
import { RejectionLog } from './rejection-log.js';

it('tells of some rejections, and later of how many it did not', () => {
  const lines: unknown[] = [];
  let nowMs = 0;
  const log = new RejectionLog({ logger: { warn: (event, fields) => lines.push({ event, ...fields }) }, now: () => nowMs });
  const reject = (remote: string): void => log.rejected({ failure: new Failure('BAD_REQUEST', 'not a frame'), remote });
  for (let count = 0; count < REJECTIONS_LOGGED_MAX + 5; count++) reject('a:1');
  expect(lines).toEqual(
    Array.from({ length: REJECTIONS_LOGGED_MAX }, () => ({
      event: 'frame_rejected',
      code: 'BAD_REQUEST',
      message: 'not a frame',
      remote: 'a:1',
    })),
  );
  nowMs += REJECTIONS_LOGGED_MS;
  reject('b:2');
  reject('b:3');
  expect(lines.slice(REJECTIONS_LOGGED_MAX)).toMatchObject([{ remote: 'b:2', untold: 5 }, { remote: 'b:3' }]);
  expect(lines.at(-1)).not.toHaveProperty('untold');
});
