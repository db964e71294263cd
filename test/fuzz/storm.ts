// Thousands of connections, one after the other on a few lanes, each with inputs that follow from the seed and its number.
import { inspect } from 'node:util';
import { encodeMessageFrame } from '@p2p/protocol';
import { Account } from './account.ts';
import { bentFrame, brokenFrame } from './broken-frames.ts';
import { fateOf } from './fate.ts';
import { FuzzConnection } from './fuzz-connection.ts';
import type { Target } from './messages.ts';
import { Random } from './random.ts';
import { mutated } from './values.ts';

/** Connections to one target at once. */
const LANES = 8;
const PROBLEMS_MAX = 5;
const BATCHES_MAX = 4;
const BENT_MAX = 20;

export interface StormOptions {
  readonly seed: number;
  /** Ends once so many inputs have been sent and `isOver` says so too. */
  readonly inputs: number;
  isOver?(): boolean;
}

/** Sends to `target` until there have been enough inputs, or a few have gone wrong. */
export async function storm(target: Target, options: StormOptions): Promise<Account> {
  const account = new Account();
  const { seed, inputs, isOver = () => true } = options;
  const lane = async (): Promise<void> => {
    while ((account.inputs < inputs || !isOver()) && account.problems.length < PROBLEMS_MAX) {
      const number = account.connections++;
      try {
        await attack(target, account, { seed, number });
      } catch (error) {
        account.problems.push(`FUZZ_SEED=${seed}, ${target.name}, connection ${number}: ${inspect(error)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return account;
}

interface Place {
  readonly seed: number;
  readonly number: number;
}

async function attack(target: Target, account: Account, { seed, number }: Place): Promise<void> {
  const random = new Random(seed, target.name, number);
  const connection = await FuzzConnection.open(target.port);
  const unique = `fuzz-${seed}-${number}`;
  try {
    for (let batches = 1 + random.int(BATCHES_MAX); batches > 0; batches -= 1)
      await sendBatch(connection, target, { account, random, unique });
    for (let count = random.int(BENT_MAX); count > 0 && !connection.isClosed; count -= 1) {
      const frame = encodeMessageFrame({ ...target.request(random, unique), id: `b${count}` });
      if (!(await sendBytes(connection, target, { account, bytes: bentFrame(frame, random) }))) return;
    }
    await leave(connection, target, { account, random });
  } finally {
    account.answers += connection.answers;
    account.refuse(connection.refusals);
    connection.reset();
  }
}

/** Requests and events that keep the connection, however strange their data, all at once. */
async function sendBatch(
  connection: FuzzConnection,
  target: Target,
  { account, random, unique }: { readonly account: Account; readonly random: Random; readonly unique: string },
): Promise<void> {
  const frames: Uint8Array[] = [];
  const ids: string[] = [];
  for (let count = 1 + random.int(target.batchMax); count > 0; count -= 1) {
    const event = random.chance(0.1) ? target.event(random) : undefined;
    if (event !== undefined) {
      frames.push(encodeMessageFrame(event));
      continue;
    }
    const { pattern, data } = target.request(random, unique);
    const number = connection.nextNumber();
    const id = random.chance(0.5) ? number : `${number}`.padEnd(random.chance(0.1) ? 64 : 1, '-');
    ids.push(JSON.stringify(id));
    frames.push(encodeMessageFrame({ pattern, data: random.chance(0.6) ? data : mutated(data, random), id }));
  }
  account.inputs += frames.length;
  connection.expect(ids);
  const bytes = Buffer.concat(frames);
  // Cut where nobody would cut it; the kernel may join it again.
  const cut = random.int(bytes.length);
  connection.write(bytes.subarray(0, cut));
  connection.write(bytes.subarray(cut));
  await connection.answered();
}

/** Bytes of which only `fateOf` knows what they are. Returns whether the connection goes on. */
async function sendBytes(
  connection: FuzzConnection,
  target: Target,
  { account, bytes }: { readonly account: Account; readonly bytes: Uint8Array },
): Promise<boolean> {
  account.inputs += 1;
  const { answered, end } = fateOf(bytes, target.isEvent);
  connection.expect(answered);
  connection.write(bytes);
  if (end === 'open') {
    await connection.answered();
    return true;
  }
  if (end === 'midway') {
    await connection.end();
    return false;
  }
  account.unread += answered.length;
  await connection.cutOff();
  account.cut(end);
  return false;
}

/** Most connections end badly: for something broken, half open, or reset. */
async function leave(
  connection: FuzzConnection,
  target: Target,
  { account, random }: { readonly account: Account; readonly random: Random },
): Promise<void> {
  if (random.chance(0.7)) await sendBytes(connection, target, { account, bytes: brokenFrame(random) });
  if (connection.isClosed || random.chance(0.5)) return;
  await connection.end();
}
