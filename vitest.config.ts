import { defineConfig } from 'vitest/config';

/** Two suites: "npm test" runs each with its own time budget (scripts/test.mjs). */
export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['libs/*/src/**/*.spec.ts', 'apps/*/src/**/*.spec.ts', 'test/contract/**/*.spec.ts', 'test/simulation/**/*.spec.ts'] } },
      { test: { name: 'tools', include: ['test/tools/**/*.spec.ts'], testTimeout: 30_000 } },
      {
        test: {
          name: 'system',
          include: ['test/system/**/*.spec.ts'],
          // Every spec starts processes of its own and some measure rates: one after the other.
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
