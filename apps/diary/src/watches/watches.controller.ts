import { Controller, Inject } from '@nestjs/common';
import { Ctx, MessagePattern, Payload, TcpContext } from '@nestjs/microservices';
import { DIARY_PATTERNS, sampleRequestSchema, unwatchRequestSchema, watchRequestSchema } from '@p2p/protocol';
import type { Empty, WatchEvent } from '@p2p/protocol';
import { connectionOf, parse } from '@p2p/service';
import type { Observable } from 'rxjs';
import { LeaseTable } from '../leases/lease-table.js';
import { Watches } from './watches.js';

/** `holders.*`: the streams that keep downloaders informed of holders. */
@Controller()
export class WatchesController {
  constructor(
    @Inject(Watches) private readonly watches: Watches,
    @Inject(LeaseTable) private readonly leases: LeaseTable,
  ) {}

  @MessagePattern(DIARY_PATTERNS.watch)
  watch(@Payload() data: unknown, @Ctx() context: TcpContext): Observable<WatchEvent> {
    const request = parse(watchRequestSchema, data);
    return this.watches.open(this.leases.of(connectionOf(context)), request);
  }

  @MessagePattern(DIARY_PATTERNS.unwatch)
  unwatch(@Payload() data: unknown, @Ctx() context: TcpContext): Empty {
    const { watch } = parse(unwatchRequestSchema, data);
    this.watches.close(this.leases.of(connectionOf(context)), watch);
    return {};
  }

  @MessagePattern(DIARY_PATTERNS.sample)
  async sample(@Payload() data: unknown, @Ctx() context: TcpContext): Promise<Empty> {
    const request = parse(sampleRequestSchema, data);
    await this.watches.addSample(this.leases.of(connectionOf(context)), request);
    return {};
  }
}
