import { Controller, Inject } from '@nestjs/common';
import { Ctx, MessagePattern, Payload, TcpContext } from '@nestjs/microservices';
import {
  announceRequestSchema,
  DIARY_PATTERNS,
  findRequestSchema,
  listRequestSchema,
  ofPeerRequestSchema,
  withdrawRequestSchema,
} from '@p2p/protocol';
import type { Empty, FindAnswer, ListAnswer } from '@p2p/protocol';
import { connectionOf, parse } from '@p2p/service';
import { LeaseTable } from '../leases/lease-table.js';
import { CATALOGUE_STORE } from './catalogue-store.js';
import type { CatalogueStore } from './catalogue-store.js';

/** `files.*`, which need a lease, and `catalogue.*`, which do not. */
@Controller()
export class CatalogueController {
  constructor(
    @Inject(CATALOGUE_STORE) private readonly store: CatalogueStore,
    @Inject(LeaseTable) private readonly leases: LeaseTable,
  ) {}

  @MessagePattern(DIARY_PATTERNS.announce)
  async announce(@Payload() data: unknown, @Ctx() context: TcpContext): Promise<Empty> {
    const { files } = parse(announceRequestSchema, data);
    await this.store.announce(this.leases.of(connectionOf(context)).joined.peer, files);
    return {};
  }

  @MessagePattern(DIARY_PATTERNS.withdraw)
  async withdraw(@Payload() data: unknown, @Ctx() context: TcpContext): Promise<Empty> {
    const { files } = parse(withdrawRequestSchema, data);
    await this.store.withdraw(this.leases.of(connectionOf(context)).joined.peer, files);
    return {};
  }

  @MessagePattern(DIARY_PATTERNS.list)
  async list(@Payload() data: unknown): Promise<ListAnswer> {
    return this.store.list(parse(listRequestSchema, data));
  }

  @MessagePattern(DIARY_PATTERNS.ofPeer)
  async ofPeer(@Payload() data: unknown): Promise<ListAnswer> {
    const request = parse(ofPeerRequestSchema, data);
    return this.store.ofPeer(request.peer, request);
  }

  @MessagePattern(DIARY_PATTERNS.find)
  async find(@Payload() data: unknown): Promise<FindAnswer> {
    return this.store.find(parse(findRequestSchema, data));
  }
}
