import { describe } from 'vitest';
import { MemoryStore } from '../../apps/diary/src/catalogue/memory-store.js';
import { catalogueStoreContract, STORE_BOUNDS } from './diary-store.suite.js';

describe('the catalogue in memory', () => {
  catalogueStoreContract(async () => ({ store: new MemoryStore(STORE_BOUNDS), close: async () => undefined }));
});
