import { afterAll, afterEach, beforeAll } from 'vitest';

/** What the tests of one file share. */
export interface Shared {
  /** Prints what helps to see why a test failed. */
  describe(): Promise<void>;
  close(): Promise<void>;
}

export interface SharedOptions<T> {
  /** What it is called where it is missing. */
  readonly name: string;
  open(): Promise<T>;
  /** What the tests need of it. */
  prepare(shared: T): Promise<void>;
  /** Milliseconds that closing may take; those of every hook unless given. */
  readonly closeMs?: number;
}

/** Opened before the tests of a file, described where one fails, closed after them. */
export function ofFile<T extends Shared>({ name, open, prepare, closeMs }: SharedOptions<T>): () => T {
  let opened: T | undefined;
  const shared = (): T => {
    if (opened === undefined) throw new Error(`the ${name} is open while tests run`);
    return opened;
  };
  beforeAll(async () => {
    opened = await open();
    try {
      await prepare(opened);
    } catch (error) {
      await opened.describe();
      throw error;
    }
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await shared().describe();
  });
  afterAll(async () => {
    await opened?.close();
  }, closeMs);
  return shared;
}
