import type { ServerResponse } from 'node:http';
import { Controller, Get, HttpCode, Inject, Post, Res } from '@nestjs/common';
import type { PeerStatus } from './api.js';
import { PEER_STATUS, type PeerStatusSource } from './peer-status.js';

@Controller('v1')
export class StatusController {
  constructor(@Inject(PEER_STATUS) private readonly peer: PeerStatusSource) {}

  @Get('status')
  status(): Promise<PeerStatus> {
    return this.peer.status();
  }

  /** The peer goes when the answer is out: otherwise it might be gone before. */
  @Post('leave')
  @HttpCode(202)
  leave(@Res({ passthrough: true }) response: ServerResponse): { readonly leaving: true } {
    response.once('close', () => this.peer.leave());
    return { leaving: true };
  }
}
