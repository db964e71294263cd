import { Controller, Inject, Module, type DynamicModule, type INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, EventPattern, MessagePattern, Payload, TcpContext } from '@nestjs/microservices';
import {
  Failure,
  PEER_PATTERNS,
  PROTOCOL_VERSION,
  availabilityRequestSchema,
  cancelEventSchema,
  disputeRequestSchema,
  helloRequestSchema,
  manifestRequestSchema,
  segmentRequestSchema,
  unwatchAvailabilityRequestSchema,
  type AvailabilityEvent,
  type DisputeAnswer,
  type HelloAnswer,
} from '@p2p/protocol';
import { FailureFilter, FrameServer, OutgoingBody, connectionOf, parse } from '@p2p/service';
import { Observable, Subject, takeUntil } from 'rxjs';
import { MemoryHolder, type MemoryContent } from '../simulation/network/memory-holder.js';
import type { ContractFile, ContractHolder, HolderOptions } from './peer-link.harness.js';

const FAR_END = Symbol('FarEnd');

/** What a connection has open, by the numbers that its peer chose. */
interface Open {
  readonly segments: Map<number, AbortController>;
  readonly watches: Map<number, Subject<void>>;
}

/** The messages of a peer, over Nest, answered from a holder in memory. */
@Controller()
class TcpHolderController {
  readonly #open = new Map<number, Open>();

  constructor(@Inject(FAR_END) private readonly holder: MemoryHolder) {}

  @MessagePattern(PEER_PATTERNS.hello)
  hello(@Payload() data: unknown): HelloAnswer {
    const { version } = parse(helloRequestSchema, data);
    const hello = this.holder.hello;
    if (version !== hello.version) throw new Failure('VERSION_MISMATCH', `this peer speaks version ${hello.version}, you ${version}`);
    return hello;
  }

  @MessagePattern(PEER_PATTERNS.manifest)
  manifest(@Payload() data: unknown): object {
    const bytes = this.holder.manifest(parse(manifestRequestSchema, data).file);
    return { body: new OutgoingBody({ bytes, paced: false, onDone: () => {} }) };
  }

  @MessagePattern(PEER_PATTERNS.availability)
  availability(@Payload() data: unknown, @Ctx() context: TcpContext): Observable<AvailabilityEvent> {
    const { watch, file } = parse(availabilityRequestSchema, data);
    const ended = new Subject<void>();
    this.#openOf(context).watches.set(watch, ended);
    return this.holder.availability(file).pipe(takeUntil(ended));
  }

  // oxlint-disable-next-line typescript/no-unnecessary-type-arguments
  @EventPattern<string>(PEER_PATTERNS.unwatchAvailability)
  unwatch(@Payload() data: unknown, @Ctx() context: TcpContext): void {
    this.#openOf(context).watches.get(parse(unwatchAvailabilityRequestSchema, data).watch)?.next();
  }

  @MessagePattern(PEER_PATTERNS.segment)
  segment(@Payload() data: unknown, @Ctx() context: TcpContext): object {
    const request = parse(segmentRequestSchema, data);
    const { answer, body } = this.holder.segment(request);
    const { bodyBytes: _, ...fields } = answer;
    const abort = new AbortController();
    const { segments } = this.#openOf(context);
    segments.set(request.request, abort);
    const onDone = (): void => void segments.delete(request.request);
    return { ...fields, body: new OutgoingBody({ bytes: body, signal: abort.signal, onDone }) };
  }

  // oxlint-disable-next-line typescript/no-unnecessary-type-arguments
  @EventPattern<string>(PEER_PATTERNS.cancel)
  cancel(@Payload() data: unknown, @Ctx() context: TcpContext): void {
    const { request } = parse(cancelEventSchema, data);
    this.holder.noteCancel(request);
    this.#openOf(context).segments.get(request)?.abort();
  }

  @MessagePattern(PEER_PATTERNS.dispute)
  dispute(@Payload() data: unknown): DisputeAnswer {
    const { file, segment } = parse(disputeRequestSchema, data);
    return { intact: this.holder.dispute(file, segment) };
  }

  #openOf(context: TcpContext): Open {
    const connection = connectionOf(context);
    let open = this.#open.get(connection.id);
    if (open === undefined) {
      open = { segments: new Map(), watches: new Map() };
      this.#open.set(connection.id, open);
      connection.closed.subscribe(() => this.#open.delete(connection.id));
    }
    return open;
  }
}

@Module({})
class TcpHolderModule {
  static of(holder: MemoryHolder): DynamicModule {
    return { module: TcpHolderModule, controllers: [TcpHolderController], providers: [{ provide: FAR_END, useValue: holder }] };
  }
}

/** A holder that is a real Nest application on a real socket. */
export async function startTcpHolder(options: HolderOptions = {}): Promise<ContractHolder> {
  const packetDelayMs = options.packetDelayMs ?? 0;
  const peer = options.peer ?? 'holder';
  const version = options.version ?? PROTOCOL_VERSION;
  /** What a holder must never come to: it fails the test. */
  const mistakes: unknown[] = [];
  const server = new FrameServer({
    host: '127.0.0.1',
    port: 0,
    connectionsMax: 16,
    requestsPerConnectionMax: 64,
    pace: { packetDelayMs, packetBytes: 1024 },
    onViolation: ({ failure }) => mistakes.push(failure),
  });
  // What it holds and how it behaves; its address and connections are those of the real server.
  const memory = new MemoryHolder({ peer, host: '127.0.0.1', port: 0, incarnation: 1 }, { version, packetDelayMs });
  const app: INestMicroservice = await NestFactory.createMicroservice(TcpHolderModule.of(memory), { strategy: server, logger: false });
  app.useGlobalFilters(new FailureFilter({ error: (_, fields) => mistakes.push(fields) }));
  await app.listen();
  let closing: Promise<void> | undefined;
  return {
    address: { ...memory.address, port: server.boundPort },
    changes: memory.changes,
    cancelled: memory.cancelled,
    share: (file, have) => memory.share(contentOf(file), have),
    gain: (file, segments) => memory.gain(file.id, segments),
    withdraw: (file, failure) => memory.withdraw(file.id, failure),
    watchersOf: (file) => memory.watchersOf(file.id),
    beBusy: (retryAfterMs) => (memory.knobs.busyRetryAfterMs = retryAfterMs),
    lie: (lie) => (memory.knobs.lie = lie),
    async kill() {
      await (closing ??= app.close());
      if (mistakes.length > 0) throw new Error('the holder failed or was made to cut a connection off', { cause: mistakes[0] });
    },
  };
}

export function contentOf(file: ContractFile): MemoryContent {
  const { bytes, segmentCount } = file.manifest;
  return { file: file.id, manifest: bytes, segmentCount, segment: (index) => file.segment(index) };
}
