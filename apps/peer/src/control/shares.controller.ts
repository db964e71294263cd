import type { ServerResponse } from 'node:http';
import { Body, Controller, Delete, Get, Inject, Post, Query, Res } from '@nestjs/common';
import { parse, type Logger } from '@p2p/service';
import { SHARES, type Share, type Shares } from '../share/shares.js';
import { CONTROL_LOGGER } from './control-logger.js';
import { sendLines } from './lines.js';
import { shareBodySchema, targetQuerySchema } from './requests.js';

@Controller('v1/shares')
export class SharesController {
  constructor(
    @Inject(SHARES) private readonly shares: Shares,
    @Inject(CONTROL_LOGGER) private readonly logger: Logger,
  ) {}

  @Get()
  list(): { readonly shares: readonly Share[] } {
    return { shares: this.shares.list() };
  }

  /** Who asked for it is who waits for it: when the client goes, what is not hashed yet is left. */
  @Post()
  async share(@Body() body: unknown, @Res() response: ServerResponse): Promise<void> {
    const { path, name } = parse(shareBodySchema, body);
    await sendLines(response, (gone) => this.shares.share(path, { signal: gone, ...(name === undefined ? {} : { name }) }), {
      logger: this.logger,
    });
  }

  @Delete()
  async unshare(@Query() query: unknown): Promise<{ readonly unshared: readonly Share[] }> {
    const { target } = parse(targetQuerySchema, query);
    return { unshared: await this.shares.unshare(target) };
  }
}
