import type { ServerResponse } from 'node:http';
import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Query, Res } from '@nestjs/common';
import { parse, type Logger } from '@p2p/service';
import { DOWNLOADS, type Downloads, type DownloadStatus } from '../download/downloads.js';
import { CONTROL_LOGGER } from './control-logger.js';
import { latestOf } from './latest.js';
import { sendLines } from './lines.js';
import { cancelQuerySchema, downloadBodySchema, downloadParametersSchema } from './requests.js';

@Controller('v1/downloads')
export class DownloadsController {
  constructor(
    @Inject(DOWNLOADS) private readonly downloads: Downloads,
    @Inject(CONTROL_LOGGER) private readonly logger: Logger,
  ) {}

  @Get()
  list(): { readonly downloads: readonly DownloadStatus[] } {
    return { downloads: this.downloads.list() };
  }

  @Post()
  @HttpCode(200)
  start(@Body() body: unknown): Promise<DownloadStatus> {
    const { target, output, overwrite, trace } = parse(downloadBodySchema, body);
    return this.downloads.start(target, {
      ...(output === undefined ? {} : { output }),
      ...(overwrite === undefined ? {} : { overwrite }),
      ...(trace === undefined ? {} : { trace }),
    });
  }

  /** A client that goes only stops looking: the download is the peer's. */
  @Get(':id/events')
  async events(@Param() parameters: unknown, @Res() response: ServerResponse): Promise<void> {
    const { id } = parse(downloadParametersSchema, parameters);
    await sendLines(response, (gone) => latestOf(this.downloads.watch(id), gone), { logger: this.logger });
  }

  /** What happened, so far or to the end, one thing a line. */
  @Get(':id/trace')
  async trace(@Param() parameters: unknown, @Res() response: ServerResponse): Promise<void> {
    const { id } = parse(downloadParametersSchema, parameters);
    const lines = this.downloads.trace(id);
    await sendLines(response, () => oneByOne(lines), { logger: this.logger });
  }

  @Delete()
  cancel(@Query() query: unknown): Promise<DownloadStatus> {
    const { target, discard } = parse(cancelQuerySchema, query);
    return this.downloads.cancel(target, { discard });
  }
}

async function* oneByOne<T>(items: Iterable<T>): AsyncGenerator<T, void, undefined> {
  yield* items;
}
