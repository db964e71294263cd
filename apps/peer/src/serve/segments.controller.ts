import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload, TcpContext } from '@nestjs/microservices';
import {
  availabilityRequestSchema,
  cancelEventSchema,
  disputeRequestSchema,
  Failure,
  helloRequestSchema,
  manifestRequestSchema,
  PEER_PATTERNS,
  PROTOCOL_VERSION,
  segmentRequestSchema,
  unwatchAvailabilityRequestSchema,
  type AvailabilityEvent,
  type DisputeAnswer,
  type HelloAnswer,
} from '@p2p/protocol';
import { connectionOf, parse, type OutgoingBody } from '@p2p/service';
import type { Observable } from 'rxjs';
import { Serve } from './serve.js';
import type { SegmentBodyAnswer } from './upload.js';

/** What other peers ask of this one: each message checked, and handed on. */
@Controller()
export class SegmentsController {
  constructor(private readonly serve: Serve) {}

  @MessagePattern(PEER_PATTERNS.hello)
  hello(@Payload() data: unknown): HelloAnswer {
    const { version } = parse(helloRequestSchema, data);
    if (version !== PROTOCOL_VERSION) {
      throw new Failure('VERSION_MISMATCH', `you speak version ${version}, this peer ${PROTOCOL_VERSION}; update the older one`);
    }
    const { peer, packetDelayMs, packetBytes } = this.serve.options;
    return { version: PROTOCOL_VERSION, peer, packetDelayMs, packetBytes };
  }

  @MessagePattern(PEER_PATTERNS.manifest)
  async manifest(@Payload() data: unknown, @Ctx() context: TcpContext): Promise<{ readonly body: OutgoingBody }> {
    return this.serve.segments.manifest(connectionOf(context), parse(manifestRequestSchema, data).file);
  }

  @MessagePattern(PEER_PATTERNS.segment)
  segment(@Payload() data: unknown, @Ctx() context: TcpContext): Promise<SegmentBodyAnswer> {
    const traceparent = context.getMetadata()?.['traceparent'];
    return this.serve.segments.segment(connectionOf(context), parse(segmentRequestSchema, data), traceparent);
  }

  // Without its type argument another overload is taken, which knows no context.
  // oxlint-disable-next-line typescript/no-unnecessary-type-arguments
  @EventPattern<string>(PEER_PATTERNS.cancel)
  cancel(@Payload() data: unknown, @Ctx() context: TcpContext): void {
    this.serve.segments.cancel(connectionOf(context), parse(cancelEventSchema, data).request);
  }

  @MessagePattern(PEER_PATTERNS.availability)
  availability(@Payload() data: unknown, @Ctx() context: TcpContext): Observable<AvailabilityEvent> {
    return this.serve.availability.watch(connectionOf(context), parse(availabilityRequestSchema, data));
  }

  // oxlint-disable-next-line typescript/no-unnecessary-type-arguments
  @EventPattern<string>(PEER_PATTERNS.unwatchAvailability)
  unwatchAvailability(@Payload() data: unknown, @Ctx() context: TcpContext): void {
    this.serve.availability.unwatch(connectionOf(context), parse(unwatchAvailabilityRequestSchema, data).watch);
  }

  @MessagePattern(PEER_PATTERNS.dispute)
  async dispute(@Payload() data: unknown): Promise<DisputeAnswer> {
    return { intact: await this.serve.disputes.isIntact(parse(disputeRequestSchema, data)) };
  }
}
