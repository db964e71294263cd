import { Module, type DynamicModule, type ModuleMetadata } from '@nestjs/common';
import type { Logger } from '@p2p/service';
import { CatalogueController } from './catalogue.controller.js';
import { CONTROL_LOGGER } from './control-logger.js';
import { DownloadsController } from './downloads.controller.js';
import { SharesController } from './shares.controller.js';
import { StatusController } from './status.controller.js';

export interface ControlModuleOptions {
  /** Modules that export `SHARES`, `DOWNLOADS`, `DIRECTORY` and `PEER_STATUS`. */
  readonly imports: NonNullable<ModuleMetadata['imports']>;
  readonly logger: Logger;
}

/** The control API's routes. The application they run in must have been through `configureControl`. */
@Module({})
export class ControlModule {
  static register(options: ControlModuleOptions): DynamicModule {
    return {
      module: ControlModule,
      imports: options.imports,
      controllers: [StatusController, CatalogueController, SharesController, DownloadsController],
      providers: [{ provide: CONTROL_LOGGER, useValue: options.logger }],
    };
  }
}
