import { describe, expect, it } from 'vitest';
import { SimulatedCrowd, type CrowdPlan } from '../../libs/transfer/src/testing/simulated-crowd.ts';
import { print, quantile } from './seeds.ts';

const MIB = 1024 * 1024;

/** Links of 100 Mbit/s. Bodies mix on them in lumps that are small enough for 512 to be heard in a second. */
function crowd(downloaders: number, fileBytes: number): CrowdPlan {
  return {
    seed: 1,
    downloaders,
    fileBytes,
    bytesPerSecond: 12.5e6,
    latencyMs: 0.5,
    lumpBytes: 16 * 1024,
    sourcesMax: 16,
    buffersMax: 64,
    gainsMs: 40,
    endMs: 3_600_000,
  };
}

describe('a flash crowd on one holder, every peer running the scheduler and serving what it has', () => {
  // The holder must send every byte once, so nobody is faster than its link; a crowd that only asks it needs N times that.
  it.each([
    { downloaders: 8, fileBytes: 48 * MIB, ratioMax: 1.18 },
    { downloaders: 8, fileBytes: 256 * MIB, ratioMax: 1.13 },
    { downloaders: 64, fileBytes: 16 * MIB, ratioMax: 2.6 },
    { downloaders: 64, fileBytes: 256 * MIB, ratioMax: 1.9 },
    { downloaders: 512, fileBytes: 8 * MIB, ratioMax: 9.5 },
  ])('$downloaders downloaders > all finish, and the holder sends few copies', ({ downloaders, fileBytes, ratioMax }) => {
    const plan = crowd(downloaders, fileBytes);
    const { endedAt, copiesOfFirst, wastedBytes, disconnects } = new SimulatedCrowd(plan).run();
    const optimumMs = (fileBytes / plan.bytesPerSecond) * 1000;
    const ratios = endedAt.map((ms) => ms / optimumMs).toSorted((one, other) => one - other);
    const [median, last] = [quantile(ratios, 0.5), quantile(ratios, 1)];
    const waste = (100 * wastedBytes) / (fileBytes * downloaders);
    print(
      `crowd of ${downloaders}, ${fileBytes / MIB} MiB: median ${median.toFixed(2)}, last ${last.toFixed(2)} of the optimum; ` +
        `the holder sent ${copiesOfFirst.toFixed(2)} copies, ${waste.toFixed(2)} % wasted, ${disconnects} connections given up`,
    );
    expect(last).toBeLessThan(ratioMax);
  });
});
