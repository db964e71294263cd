import type { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { BodySender } from './body-sender.js';
import type { FrameClock } from './frame-clock.js';
import { OutgoingBody } from './outgoing-body.js';
import type { Pace } from './pacer.js';

/** Time that a test moves. */
class HandClock implements FrameClock {
  #nowMs = 0;
  #waiting: { readonly atMs: number; readonly action: () => void }[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, action: () => void): () => void {
    const waiting = { atMs: this.#nowMs + delayMs, action };
    this.#waiting.push(waiting);
    return () => (this.#waiting = this.#waiting.filter((other) => other !== waiting));
  }

  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      const next = this.#waiting.filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) break;
      this.#waiting = this.#waiting.filter((other) => other !== next);
      this.#nowMs = next.atMs;
      next.action();
    }
    this.#nowMs = untilMs;
  }
}

/** A link that takes bytes when a test lets it, in front of a sender. */
class Link {
  readonly clock = new HandClock();
  readonly sender: BodySender;
  readonly socket: Writable;
  takenBytes = 0;
  isOpen = true;
  #taken: (() => void)[] = [];

  constructor(pace: Pace) {
    const take = (bytes: number, callback: () => void): void => {
      const onTaken = (): void => {
        this.takenBytes += bytes;
        callback();
      };
      if (this.isOpen) onTaken();
      else this.#taken.push(onTaken);
    };
    this.socket = new Writable({ write: (chunk: Uint8Array, _, callback) => take(chunk.length, callback) });
    // Of a socket the sender uses only what every stream that is written to has.
    this.sender = new BodySender({
      socket: this.socket as unknown as Socket,
      pace,
      clock: this.clock,
      onFlushed: () => this.sender.pump(),
    });
  }

  open(): void {
    this.isOpen = true;
    for (const onTaken of this.#taken.splice(0)) onTaken();
  }

  send(length: number, paced = true): Promise<string> {
    return new Promise((resolve) => {
      const body = new OutgoingBody({ bytes: new Uint8Array(length), paced, onDone: (outcome) => resolve(outcome) });
      this.sender.add(body, new Uint8Array(10), () => {});
    });
  }
}

/** Callbacks of a stream come in later ticks. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a paced sender', () => {
  it('in front of a link that was slower than the pace does not burst when the link is free again', async () => {
    const link = new Link({ packetDelayMs: 1, packetBytes: 1024 });
    link.isOpen = false;
    void link.send(8 * 1024 * 1024);
    for (let ms = 0; ms < 3000; ms += 5) link.clock.advance(5);
    const queuedBytes = link.socket.writableLength;
    expect(queuedBytes).toBeGreaterThan(512 * 1024);
    expect(queuedBytes).toBeLessThan(530 * 1024);
    link.open();
    await settled();
    expect(link.takenBytes).toBeLessThan(queuedBytes + 2 * 1024);
    link.clock.advance(100);
    await settled();
    expect(link.takenBytes).toBeGreaterThan(queuedBytes + 90 * 1024);
    expect(link.takenBytes).toBeLessThan(queuedBytes + 103 * 1024);
    link.sender.close();
  });

  it('does not save up time while a body without delay is sent', async () => {
    const link = new Link({ packetDelayMs: 1, packetBytes: 1024 });
    void link.send(1024);
    link.isOpen = false;
    void link.send(1024 * 1024, false);
    void link.send(100 * 1024);
    link.clock.advance(1);
    await settled();
    link.clock.advance(200);
    link.open();
    for (let step = 0; step < 5; step++) await settled();
    const takenBytes = link.takenBytes;
    expect(takenBytes).toBeGreaterThan(1025 * 1024);
    expect(takenBytes).toBeLessThan(1028 * 1024);
    link.clock.advance(100);
    await settled();
    expect(link.takenBytes - takenBytes).toBeGreaterThan(98 * 1024);
    link.sender.close();
  });

  it('keeps no timer when its bodies are sent or it is closed', async () => {
    const link = new Link({ packetDelayMs: 1, packetBytes: 1024 });
    const sent = link.send(10 * 1024);
    link.clock.advance(10);
    expect(await sent).toBe('sent');
    const lost = link.send(10 * 1024);
    link.clock.advance(5);
    link.sender.close();
    expect(await lost).toBe('lost');
    const takenBytes = link.takenBytes;
    link.clock.advance(1000);
    expect(link.takenBytes).toBe(takenBytes);
  });
});

describe('the rate of a link', () => {
  it('is not known before there was enough to tell, and then follows what it takes while there is something to send', async () => {
    const link = new Link({ packetDelayMs: 0, packetBytes: 1024 });
    expect(link.sender.bytesPerSecond).toBeUndefined();
    for (let n = 0; n < 20; n++) {
      link.isOpen = false;
      const sent = link.send(100 * 1024);
      // 100 KiB in 10 ms, with a second of nothing to send between.
      link.clock.advance(10);
      for (let step = 0; step < 4; step++) {
        link.open();
        await settled();
      }
      await sent;
      link.clock.advance(1000);
    }
    expect(link.sender.bytesPerSecond).toBeGreaterThan(9_000_000);
    expect(link.sender.bytesPerSecond).toBeLessThan(11_500_000);
  });
});
