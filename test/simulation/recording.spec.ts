import { join } from 'node:path';
import { expect, it } from 'vitest';
import { replay } from './replay.ts';

/** 8 MiB from three holders of which one was SIGKILLed at a third; made by test/system/recording.spec.ts. */
const RECORDING = join(import.meta.dirname, 'recordings/killed-holder.jsonl');

it('a recorded real download with a kill > the scheduler says the same again', async () => {
  const { events, replayed } = await replay(RECORDING);
  expect(replayed).toEqual(events.map(({ commands }) => commands));
  expect(events.filter(({ event }) => event.kind === 'source_left').length).toBeGreaterThan(0);
  expect(replayed.flat().filter(({ kind }) => kind === 'redistributed').length).toBeGreaterThan(0);
  expect(replayed.at(-1)?.at(-1)).toEqual({ kind: 'finish' });
});
