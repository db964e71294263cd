import { defineConfig } from 'vitest/config';

/** The suites of "npm test" (scripts/test/suites.mjs), each with a time budget of its own. */
export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['libs/*/src/**/*.spec.ts', 'apps/*/src/**/*.spec.ts'], testTimeout: 30_000 } },
      { test: { name: 'contract', include: ['test/contract/**/*.spec.ts'] } },
      { test: { name: 'simulation', include: ['test/simulation/**/*.spec.ts'], testTimeout: 120_000 } },
      { test: { name: 'tools', include: ['test/tools/**/*.spec.ts'], testTimeout: 30_000 } },
      { test: { name: 'chart', include: ['test/chart/**/*.spec.ts'], testTimeout: 60_000 } },
      { test: { name: 'seeing', include: ['test/seeing/**/*.spec.ts'], testTimeout: 30_000, hookTimeout: 120_000 } },
      {
        test: {
          name: 'fuzz',
          include: ['test/fuzz/**/*.spec.ts'],
          // Each spec has a diary and peers of its own, and counts on the processors that are left.
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'timing',
          include: ['test/system/timing/**/*.spec.ts'],
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'bottlenecks',
          include: ['test/bottlenecks/**/*.spec.ts'],
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'soak',
          include: ['test/soak/**/*.spec.ts'],
          // As long as it is told to take, and then some.
          testTimeout: (Number(process.env['SOAK_MINUTES'] ?? 1) + 5) * 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'system',
          include: ['test/system/*.spec.ts'],
          // Every spec starts processes of its own and some measure rates: one after the other.
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'interop',
          include: ['test/interop/**/*.spec.ts'],
          // Both files wait for slow links most of the time.
          maxWorkers: 2,
          testTimeout: 60_000,
          // The first one may have to fetch a package for Python.
          hookTimeout: 150_000,
        },
      },
      {
        test: {
          name: 'containers',
          include: ['test/containers/**/*.spec.ts'],
          globalSetup: ['test/containers/tools/setup.ts'],
          // Each has containers of its own, and some measure rates: one after the other.
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'cluster',
          include: ['test/cluster/**/*.spec.ts'],
          exclude: ['test/cluster/{chaos,lan}/**'],
          globalSetup: ['test/cluster/tools/setup.ts'],
          // Each has a namespace of its own, on nodes that share the machine: one after the other.
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: 'chaos',
          include: ['test/cluster/{chaos,lan}/**/*.spec.ts'],
          globalSetup: ['test/cluster/tools/setup.ts'],
          // Each scenario has a release of its own, and nodes may fall: one after the other.
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: 'faults',
          include: ['test/system/faults/**/*.spec.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
