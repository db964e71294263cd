import { Controller, Get, Inject, Query } from '@nestjs/common';
import { parse } from '@p2p/service';
import { DIRECTORY, type Directory } from '../directory/directory.js';
import type { CatalogueAnswer } from './api.js';
import { catalogueQuerySchema } from './requests.js';

@Controller('v1/catalogue')
export class CatalogueController {
  constructor(@Inject(DIRECTORY) private readonly directory: Directory) {}

  @Get()
  list(@Query() query: unknown): Promise<CatalogueAnswer> {
    const { peer, afterName, afterId, limit } = parse(catalogueQuerySchema, query);
    return this.directory.list({
      limit,
      ...(peer === undefined ? {} : { peer }),
      ...(afterName === undefined || afterId === undefined ? {} : { after: { name: afterName, id: afterId } }),
    });
  }
}
