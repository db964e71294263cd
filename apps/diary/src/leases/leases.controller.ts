import { Controller, Inject } from '@nestjs/common';
import { Ctx, MessagePattern, Payload, TcpContext } from '@nestjs/microservices';
import { DIARY_PATTERNS, emptySchema, joinRequestSchema } from '@p2p/protocol';
import type { Empty, JoinAnswer } from '@p2p/protocol';
import { connectionOf, parse } from '@p2p/service';
import { Membership } from './membership.js';

/** `peer.*`: joining, staying and going. */
@Controller()
export class LeasesController {
  constructor(@Inject(Membership) private readonly membership: Membership) {}

  @MessagePattern(DIARY_PATTERNS.join)
  async join(@Payload() data: unknown, @Ctx() context: TcpContext): Promise<JoinAnswer> {
    return this.membership.join(connectionOf(context), parse(joinRequestSchema, data));
  }

  @MessagePattern(DIARY_PATTERNS.renew)
  renew(@Payload() data: unknown, @Ctx() context: TcpContext): Empty {
    parse(emptySchema, data);
    this.membership.renew(connectionOf(context));
    return {};
  }

  @MessagePattern(DIARY_PATTERNS.drain)
  async drain(@Payload() data: unknown, @Ctx() context: TcpContext): Promise<Empty> {
    parse(emptySchema, data);
    await this.membership.drain(connectionOf(context));
    return {};
  }

  @MessagePattern(DIARY_PATTERNS.leave)
  leave(@Payload() data: unknown, @Ctx() context: TcpContext): Empty {
    parse(emptySchema, data);
    this.membership.leave(connectionOf(context));
    return {};
  }
}
