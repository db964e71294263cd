import { DIARY_PATTERNS, emptySchema, Failure, joinAnswerSchema, PROTOCOL_VERSION } from '@p2p/protocol';
import type { JoinAnswer } from '@p2p/protocol';
import { FrameClient, toFailure } from '@p2p/service';
import { Subscription } from 'rxjs';
import type { Observable } from 'rxjs';
import type { z } from 'zod';
import {
  DIARY_ANSWER_TIMEOUT_MS,
  DIARY_CONNECT_TIMEOUT_MS,
  DIARY_LEAVE_TIMEOUT_MS,
  RENEWAL_TIMEOUTS_PER_LEASE,
  RENEWALS_PER_LEASE,
} from '../limits.js';

/** Who joins. */
export interface JoinSettings {
  readonly diary: { readonly host: string; readonly port: number };
  readonly peer: string;
  readonly key: string;
  readonly incarnation: number;
  /** Where other peers reach this one; the local address of the connection to the diary when it is `undefined`. */
  readonly advertisedHost: string | undefined;
  readonly port: number;
}

/** One joined connection to the diary. Renews its lease until it is closed or lost. */
export class DiarySession {
  readonly joined: JoinAnswer;
  readonly advertisedHost: string;
  readonly #client: FrameClient;
  readonly #ended = Promise.withResolvers<Failure>();
  readonly #closing = new Subscription();
  #renewing: NodeJS.Timeout | undefined;

  private constructor(client: FrameClient, joined: JoinAnswer, advertisedHost: string) {
    this.#client = client;
    this.joined = joined;
    this.advertisedHost = advertisedHost;
    this.#renewLater();
    this.#closing.add(client.closed.subscribe((failure) => this.abandon(failure)));
  }

  /** Throws `UNREACHABLE`, `TIMED_OUT`, `CONNECTION_LOST`, or what the diary says to joining. */
  static async open(settings: JoinSettings): Promise<DiarySession> {
    const client = await FrameClient.connect({ ...settings.diary, connectTimeoutMs: DIARY_CONNECT_TIMEOUT_MS });
    try {
      const host = settings.advertisedHost ?? plainAddress(client.localAddress);
      const { peer, key, incarnation, port } = settings;
      const request = { version: PROTOCOL_VERSION, peer, key, incarnation, host, port };
      const joined = await client.request(DIARY_PATTERNS.join, request, joinAnswerSchema, { timeoutMs: DIARY_ANSWER_TIMEOUT_MS });
      if (joined.version !== PROTOCOL_VERSION) {
        const versions = `the diary speaks version ${joined.version} of the protocol, this peer ${PROTOCOL_VERSION}`;
        throw new Failure('VERSION_MISMATCH', `${versions}; run the same release on both`);
      }
      return new DiarySession(client, joined, host);
    } catch (error) {
      client.close();
      throw error;
    }
  }

  /** Resolves with why, once the connection is gone or given up. */
  async ended(): Promise<Failure> {
    return this.#ended.promise;
  }

  async request<A>(pattern: string, data: object, answer: z.ZodType<A>, timeoutMs: number = DIARY_ANSWER_TIMEOUT_MS): Promise<A> {
    return this.#client.request(pattern, data, answer, { timeoutMs });
  }

  stream<A>(pattern: string, data: object, item: z.ZodType<A>): Observable<A> {
    return this.#client.stream(pattern, data, item);
  }

  /** Closes the connection because of `failure`: only the first one counts. */
  abandon(failure: Failure): void {
    clearTimeout(this.#renewing);
    this.#ended.resolve(failure);
    this.#closing.unsubscribe();
    this.#client.close();
  }

  /** Ends the lease. The closed connection would end it too; this way nobody takes it for a loss. */
  async leave(): Promise<void> {
    try {
      await this.request(DIARY_PATTERNS.leave, {}, emptySchema, DIARY_LEAVE_TIMEOUT_MS);
    } finally {
      this.abandon(new Failure('CANCELLED', 'this peer left the diary'));
    }
  }

  #renewLater(): void {
    this.#renewing = setTimeout(() => void this.#renew(), this.joined.leaseTtlMs / RENEWALS_PER_LEASE);
  }

  async #renew(): Promise<void> {
    this.#renewLater();
    try {
      await this.request(DIARY_PATTERNS.renew, {}, emptySchema, this.joined.leaseTtlMs / RENEWAL_TIMEOUTS_PER_LEASE);
    } catch (error) {
      // No answer, or no lease: whatever it is, a new connection with a new lease mends it.
      this.abandon(toFailure(error, 'the lease could not be renewed'));
    }
  }
}

/** A socket of both families shows an IPv4 address inside an IPv6 one, which peers with IPv4 alone could not reach. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice('::ffff:'.length) : address;
}
