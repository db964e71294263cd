import { Bitmap, Failure, PROTOCOL_VERSION, type AvailabilityEvent, type FailureCode, type SegmentAnswer } from '@p2p/protocol';
import { firstValueFrom } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PeerLink, SegmentFetch } from '../../apps/peer/src/links/peer-link.js';
import { contractFile, type ContractFile, type ContractHolder, type PeerLinkHarness } from './peer-link.harness.js';

const WAIT_MS_MAX = 5000;

/** Resolves when `isSo`, asked whenever the holder saw something happen. */
function until(holder: ContractHolder, isSo: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    if (isSo()) {
      resolve();
      return;
    }
    const timer = setTimeout(() => finish(() => reject(new Error(`it did not come to that within ${WAIT_MS_MAX} ms`))), WAIT_MS_MAX);
    const subscription = holder.changes.subscribe(() => {
      if (isSo()) finish(resolve);
    });
    const finish = (settle: () => void): void => {
      clearTimeout(timer);
      subscription.unsubscribe();
      settle();
    };
  });
}

async function codeOf(promise: Promise<unknown>): Promise<FailureCode> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Failure)) throw new Error('it did not fail with a failure', { cause: error });
  return error.code;
}

/** One fetch and everything that became of it. */
class Fetched {
  readonly request: number;
  readonly target: Uint8Array;
  readonly order: string[];
  wireBytes = 0;
  /** How often it ended: must be 1. */
  ends = 0;
  readonly ended: Promise<SegmentAnswer | Failure>;
  readonly begun: Promise<void>;

  constructor(link: PeerLink, file: ContractFile, segment: number, options: { order?: string[]; codecs?: SegmentFetch['codecs'] } = {}) {
    this.request = link.nextRequest();
    this.target = new Uint8Array(file.segment(segment).length);
    this.order = options.order ?? [];
    let onBegun = (): void => {};
    this.begun = new Promise((resolve) => (onBegun = resolve));
    this.ended = new Promise((resolve) => {
      const end = (result: SegmentAnswer | Failure): void => {
        this.ends++;
        this.order.push(`${segment} ${result instanceof Failure ? result.code : 'received'}`);
        resolve(result);
      };
      const { request, target } = this;
      link.fetchSegment(
        { request, file: file.id, segment, codecs: options.codecs ?? ['identity'], receiverBound: false, target },
        {
          onBytes: (wireBytes) => {
            if (this.ends > 0) throw new Error('bytes came after the end');
            this.wireBytes += wireBytes;
            onBegun();
          },
          onReceived: end,
          onFailed: end,
        },
      );
    });
  }

  async failure(): Promise<Failure> {
    const result = await this.ended;
    if (!(result instanceof Failure)) throw new Error('the segment was received');
    return result;
  }
}

/** What every kind of link to a holder promises. */
export function peerLinkSuite(title: string, setup: () => PeerLinkHarness): void {
  describe(`a peer link ${title}`, () => {
    let harness: PeerLinkHarness;
    beforeEach(() => {
      harness = setup();
    });
    afterEach(() => harness.teardown());

    /** 200 000 bytes: three segments of 64 KiB and a short one. */
    const file = contractFile(200_000);

    async function linkTo(
      options: Parameters<PeerLinkHarness['startHolder']>[0] = {},
    ): Promise<{ holder: ContractHolder; link: PeerLink }> {
      const holder = await harness.startHolder(options);
      holder.share(file, 'complete');
      return { holder, link: await harness.links.open(holder.address) };
    }

    describe('opening', () => {
      it('tells who answered and at which pace', async () => {
        const { holder, link } = await linkTo({ peer: 'someone', packetDelayMs: 0.5 });
        expect(link.holder).toEqual(holder.address);
        expect(link.hello).toEqual({ version: PROTOCOL_VERSION, peer: 'someone', packetDelayMs: 0.5, packetBytes: 1024 });
      });

      it('a holder of another version is refused with VERSION_MISMATCH', async () => {
        const holder = await harness.startHolder({ version: PROTOCOL_VERSION + 1 });
        expect(await codeOf(harness.links.open(holder.address))).toBe('VERSION_MISMATCH');
      });

      it('an address where nobody listens is UNREACHABLE', async () => {
        const holder = await harness.startHolder();
        await holder.kill();
        expect(await codeOf(harness.links.open(holder.address))).toBe('UNREACHABLE');
      });

      it('an address where another peer answers is UNREACHABLE', async () => {
        const holder = await harness.startHolder({ peer: 'other' });
        expect(await codeOf(harness.links.open({ ...holder.address, peer: 'expected' }))).toBe('UNREACHABLE');
      });

      it('two opens at the same time share one link, which closes with the last release', async () => {
        const { holder, link } = await linkTo();
        const [second, third] = await Promise.all([harness.links.open(holder.address), harness.links.open(holder.address)]);
        expect(second).toBe(link);
        expect(third).toBe(link);
        harness.links.release(link);
        harness.links.release(link);
        expect(await link.dispute(file.id, 0)).toBe(true);
        const closed = firstValueFrom(link.closed);
        harness.links.release(link);
        expect((await closed).code).toBe('CONNECTION_LOST');
      });

      it('an open that failed does not stand in the way of the next', async () => {
        const holder = await harness.startHolder({ peer: 'other' });
        await codeOf(harness.links.open({ ...holder.address, peer: 'expected' }));
        expect(await codeOf(harness.links.open({ ...holder.address, peer: 'expected' }))).toBe('UNREACHABLE');
        expect((await harness.links.open(holder.address)).hello.peer).toBe('other');
      });

      it('another life of the peer gets a link of its own', async () => {
        const { holder, link } = await linkTo();
        expect(await harness.links.open({ ...holder.address, incarnation: 2 })).not.toBe(link);
      });

      it('a closed link is not given out again', async () => {
        const { holder, link } = await linkTo();
        link.close();
        const next = await harness.links.open(holder.address);
        expect(next).not.toBe(link);
        harness.links.release(link);
        expect(await next.dispute(file.id, 0)).toBe(true);
      });
    });

    describe('the manifest', () => {
      it('comes byte for byte', async () => {
        const { link } = await linkTo();
        const { bytes } = file.manifest;
        expect(await link.fetchManifest(file.id, bytes.length)).toEqual(new Uint8Array(bytes));
      });

      it('longer than asked for is CORRUPT, and the link lives', async () => {
        const { link } = await linkTo();
        const { bytes } = file.manifest;
        expect(await codeOf(link.fetchManifest(file.id, bytes.length - 32))).toBe('CORRUPT');
        expect((await link.fetchManifest(file.id, bytes.length + 32)).length).toBe(bytes.length);
      });

      it('of a file that is not held is NOT_HELD', async () => {
        const { link } = await linkTo();
        expect(await codeOf(link.fetchManifest('0'.repeat(64), 48))).toBe('NOT_HELD');
      });

      it('asked of a closed link is CONNECTION_LOST', async () => {
        const { link } = await linkTo();
        link.close();
        expect(await codeOf(link.fetchManifest(file.id, 48))).toBe('CONNECTION_LOST');
      });
    });

    describe('availability', () => {
      /** Collects the events of a watch. */
      function watch(link: PeerLink, holder: ContractHolder): { events: AvailabilityEvent[]; stop: () => void; failure: Promise<Failure> } {
        const events: AvailabilityEvent[] = [];
        let stop = (): void => {};
        const failure = new Promise<Failure>((resolve) => {
          const subscription = link.watchAvailability(file.id).subscribe({
            next: (event) => {
              events.push(event);
              holder.changes.next();
            },
            error: resolve,
          });
          stop = () => subscription.unsubscribe();
        });
        return { events, stop, failure };
      }

      it('begins with what the holder has and goes on with what it gains', async () => {
        const { holder, link } = await linkTo();
        holder.share(file, [1]);
        const { events } = watch(link, holder);
        await until(holder, () => events.length === 1);
        holder.gain(file, [0, 3]);
        await until(holder, () => events.length === 2);
        holder.gain(file, [2]);
        await until(holder, () => events.length === 3);
        const bitmap = new Bitmap(4);
        bitmap.add(1);
        expect(events).toEqual([{ kind: 'bitmap', bitmap: bitmap.toBase64() }, { kind: 'gained', segments: [0, 3] }, { kind: 'complete' }]);
      });

      it('unsubscribing ends the watch at the holder, and only that one', async () => {
        const { holder, link } = await linkTo();
        const first = watch(link, holder);
        watch(link, holder);
        await until(holder, () => holder.watchersOf(file) === 2);
        first.stop();
        await until(holder, () => holder.watchersOf(file) === 1);
      });

      it('closing the link ends the watch at the holder', async () => {
        const { holder, link } = await linkTo();
        const { failure } = watch(link, holder);
        await until(holder, () => holder.watchersOf(file) === 1);
        link.close();
        expect((await failure).code).toBe('CONNECTION_LOST');
        await until(holder, () => holder.watchersOf(file) === 0);
      });

      it('of a file that is not held fails with NOT_HELD', async () => {
        const { link } = await linkTo();
        expect(await codeOf(firstValueFrom(link.watchAvailability('0'.repeat(64))))).toBe('NOT_HELD');
      });

      it('fails with what the holder says when the holding ends', async () => {
        const { holder, link } = await linkTo();
        const { events, failure } = watch(link, holder);
        await until(holder, () => events.length === 1);
        holder.withdraw(file, new Failure('FILE_CHANGED', 'the file changed on disk'));
        expect(await failure).toMatchObject({ code: 'FILE_CHANGED', message: 'the file changed on disk' });
      });

      it('fails with CONNECTION_LOST when the holder dies', async () => {
        const { holder, link } = await linkTo();
        const { events, failure } = watch(link, holder);
        await until(holder, () => events.length === 1);
        await holder.kill();
        expect((await failure).code).toBe('CONNECTION_LOST');
      });
    });

    describe('segments', () => {
      it('come byte for byte into the target, the short last one too', async () => {
        const { link } = await linkTo();
        for (const segment of [0, 3]) {
          const fetched = new Fetched(link, file, segment);
          expect(await fetched.ended).toEqual({
            request: fetched.request,
            segment,
            codec: 'identity',
            rawBytes: fetched.target.length,
            bodyBytes: fetched.target.length,
          });
          expect(fetched.target).toEqual(file.segment(segment));
          expect(fetched.wireBytes).toBe(fetched.target.length);
        }
      });

      it('several in flight come in the order they were asked for, and the link counts every byte', async () => {
        const { link } = await linkTo({ packetDelayMs: 0.1 });
        let linkBytes = 0;
        link.bytes.subscribe((bytes) => (linkBytes += bytes));
        const order: string[] = [];
        const all = [2, 0, 3, 1].map((segment) => new Fetched(link, file, segment, { order }));
        await Promise.all(all.map((fetched) => fetched.ended));
        expect(order).toEqual(['2 received', '0 received', '3 received', '1 received']);
        [2, 0, 3, 1].forEach((segment, at) => expect(all[at]?.target).toEqual(file.segment(segment)));
        expect(linkBytes).toBe(200_000);
      });

      it('that the holder does not have are NOT_HELD', async () => {
        const { holder, link } = await linkTo();
        holder.share(file, [1]);
        expect((await new Fetched(link, file, 0).failure()).code).toBe('NOT_HELD');
        expect(await new Fetched(link, file, 1).ended).toMatchObject({ segment: 1 });
      });

      it('a busy holder says BUSY and when to ask again', async () => {
        const { holder, link } = await linkTo();
        holder.beBusy(250);
        expect(await new Fetched(link, file, 0).failure()).toMatchObject({ code: 'BUSY', retryAfterMs: 250 });
        holder.beBusy(undefined);
        expect(await new Fetched(link, file, 0).ended).toMatchObject({ segment: 0 });
      });

      it.each(['wrong_length', 'wrong_request'] as const)('an answer of %s is CORRUPT, and writes nothing', async (lie) => {
        const { holder, link } = await linkTo();
        holder.lie(lie);
        const fetched = new Fetched(link, file, 0);
        expect((await fetched.failure()).code).toBe('CORRUPT');
        expect(fetched.target.every((byte) => byte === 0)).toBe(true);
        holder.lie(undefined);
        expect(await new Fetched(link, file, 1).ended).toMatchObject({ segment: 1 });
      });

      it('in a codec that was not asked for are CORRUPT', async () => {
        const { link } = await linkTo();
        expect((await new Fetched(link, file, 0, { codecs: ['deflate'] }).failure()).code).toBe('CORRUPT');
      });
    });

    describe('cancelling', () => {
      it('before its turn ends a fetch with CANCELLED, and the others come whole', async () => {
        const { holder, link } = await linkTo({ packetDelayMs: 4 });
        const first = new Fetched(link, file, 0);
        const second = new Fetched(link, file, 1);
        const third = new Fetched(link, file, 2);
        await first.begun;
        link.cancel(second.request);
        expect((await second.failure()).code).toBe('CANCELLED');
        expect(second.wireBytes).toBe(0);
        expect(holder.cancelled).toEqual([second.request]);
        await Promise.all([first.ended, third.ended]);
        expect(first.target).toEqual(file.segment(0));
        expect(third.target).toEqual(file.segment(2));
      });

      it('mid body ends a fetch with CANCELLED long before the body would have ended', async () => {
        const { link } = await linkTo({ packetDelayMs: 50 });
        const fetched = new Fetched(link, file, 0);
        await fetched.begun;
        link.cancel(fetched.request);
        expect((await fetched.failure()).code).toBe('CANCELLED');
        // 64 packets of 50 ms were to come.
        expect(fetched.wireBytes).toBeLessThan(16 * 1024);
        const next = new Fetched(link, file, 3);
        await next.begun;
        link.close();
        expect((await next.failure()).code).toBe('CONNECTION_LOST');
      });

      it('what is over or never was does nothing', async () => {
        const { link } = await linkTo();
        const fetched = new Fetched(link, file, 0);
        await fetched.ended;
        link.cancel(fetched.request);
        link.cancel(4711);
        expect(await new Fetched(link, file, 1).ended).toMatchObject({ segment: 1 });
        expect(fetched.ends).toBe(1);
      });
    });

    describe('a dispute', () => {
      it('is answered with whether the holder finds its copy intact', async () => {
        const { holder, link } = await linkTo();
        holder.share(file, [1]);
        expect(await link.dispute(file.id, 1)).toBe(true);
        expect(await link.dispute(file.id, 0)).toBe(false);
      });
    });

    describe('the end of a link', () => {
      it('closing mid body fails every fetch with CONNECTION_LOST, once each', async () => {
        const { link } = await linkTo({ packetDelayMs: 10 });
        const all = [0, 1, 2].map((segment) => new Fetched(link, file, segment));
        await all[0]?.begun;
        link.close();
        for (const fetched of all) expect((await fetched.failure()).code).toBe('CONNECTION_LOST');
        link.close();
        const written = all.map((fetched) => fetched.target.slice());
        // The next connection's bytes would show a write into a target that was given back.
        const again = await harness.links.open(link.holder);
        await new Fetched(again, file, 3).begun;
        all.forEach((fetched, at) => expect(fetched.target).toEqual(written[at]));
        expect(all.map((fetched) => fetched.ends)).toEqual([1, 1, 1]);
      });

      it('the death of the holder fails what was asked and tells so, also to who asks later', async () => {
        const { holder, link } = await linkTo({ packetDelayMs: 10 });
        const fetched = new Fetched(link, file, 0);
        await fetched.begun;
        const closed = firstValueFrom(link.closed);
        await holder.kill();
        expect((await fetched.failure()).code).toBe('CONNECTION_LOST');
        expect((await closed).code).toBe('CONNECTION_LOST');
        expect((await firstValueFrom(link.closed)).code).toBe('CONNECTION_LOST');
        expect((await new Fetched(link, file, 1).failure()).code).toBe('CONNECTION_LOST');
        expect(await codeOf(link.dispute(file.id, 0))).toBe('CONNECTION_LOST');
        expect(await codeOf(firstValueFrom(link.watchAvailability(file.id)))).toBe('CONNECTION_LOST');
        expect(await codeOf(harness.links.open(holder.address))).toBe('UNREACHABLE');
      });
    });
  });
}
