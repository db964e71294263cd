import { randomBytes } from 'node:crypto';
import { Inject, Module } from '@nestjs/common';
import type { DynamicModule, OnModuleDestroy, OnModuleInit } from '@nestjs/common';
import type { Logger } from '@p2p/service';
import { CatalogueController } from './catalogue/catalogue.controller.js';
import { CATALOGUE_STORE } from './catalogue/catalogue-store.js';
import type { CatalogueStore } from './catalogue/catalogue-store.js';
import { MemoryStore } from './catalogue/memory-store.js';
import { LeaseTable } from './leases/lease-table.js';
import { LeasesController } from './leases/leases.controller.js';
import { Membership } from './leases/membership.js';
import { DiaryMetrics } from './metrics.js';
import { Watches } from './watches/watches.js';
import { WatchesController } from './watches/watches.controller.js';

const EPOCH_BYTES = 8;

export interface DiaryModuleOptions {
  readonly leaseTtlMs: number;
  readonly logger: Logger;
  readonly metrics: DiaryMetrics;
  /** A monotonic clock in ms. */
  readonly now?: () => number;
}

/** Puts the diary together: leases, the catalogue in memory, and watches, behind the three controllers. */
@Module({ controllers: [LeasesController, CatalogueController, WatchesController] })
export class DiaryModule implements OnModuleInit, OnModuleDestroy {
  constructor(
    @Inject(Membership) private readonly membership: Membership,
    @Inject(Watches) private readonly watches: Watches,
    @Inject(CATALOGUE_STORE) private readonly store: CatalogueStore,
    @Inject(DiaryMetrics) private readonly metrics: DiaryMetrics,
  ) {}

  static with({ leaseTtlMs, logger, metrics, now }: DiaryModuleOptions): DynamicModule {
    const epoch = randomBytes(EPOCH_BYTES).toString('hex');
    const store = new MemoryStore();
    const leases = new LeaseTable(now === undefined ? { ttlMs: leaseTtlMs } : { ttlMs: leaseTtlMs, now });
    return {
      module: DiaryModule,
      providers: [
        { provide: CATALOGUE_STORE, useValue: store },
        { provide: LeaseTable, useValue: leases },
        { provide: Membership, useValue: new Membership({ leases, store, metrics, logger, epoch }) },
        { provide: Watches, useValue: new Watches({ leases, store, logger, epoch }) },
        { provide: DiaryMetrics, useValue: metrics },
      ],
    };
  }

  onModuleInit(): void {
    // The watches of one who departs end before the others' are told of the departure.
    this.watches.start();
    this.membership.start();
    this.metrics.observe(async () => ({ ...(await this.store.counts()), watchers: this.watches.count }));
  }

  onModuleDestroy(): void {
    this.membership.stop();
    this.watches.stop();
  }
}
