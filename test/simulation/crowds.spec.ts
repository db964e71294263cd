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

/** The file over the holder's link, once. */
function optimumMs({ fileBytes, bytesPerSecond }: CrowdPlan): number {
  return (fileBytes / bytesPerSecond) * 1000;
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
    const ratios = endedAt.map((ms) => ms / optimumMs(plan)).toSorted((one, other) => one - other);
    const [median, last] = [quantile(ratios, 0.5), quantile(ratios, 1)];
    const waste = (100 * wastedBytes) / (fileBytes * downloaders);
    print(
      `crowd of ${downloaders}, ${fileBytes / MIB} MiB: median ${median.toFixed(2)}, last ${last.toFixed(2)} of the optimum; ` +
        `the holder sent ${copiesOfFirst.toFixed(2)} copies, ${waste.toFixed(2)} % wasted, ${disconnects} connections given up`,
    );
    expect(last).toBeLessThan(ratioMax);
  });

  it('one of 8 has a tenth of the link > the others do not wait for it', () => {
    const plan = crowd(8, 48 * MIB);
    const tenth = plan.bytesPerSecond / 10;
    const { endedAt } = new SimulatedCrowd({
      ...plan,
      links: new Map([[1, { upBytesPerSecond: tenth, downBytesPerSecond: tenth }]]),
    }).run();
    const [slow = NaN, ...ratios] = endedAt.map((ms) => ms / optimumMs(plan));
    // How long it takes itself says little: the queue before a simulated link has no end, so it takes its sources for silent.
    print(`crowd of 8, one of them slow: it ${slow.toFixed(2)}, the last of the others ${Math.max(...ratios).toFixed(2)} of the optimum`);
    expect(Math.max(...ratios)).toBeLessThan(1.25);
  });

  it('all of 8 can send at a tenth only > the holder sends what they cannot', () => {
    const plan = crowd(8, 48 * MIB);
    const link = { upBytesPerSecond: plan.bytesPerSecond / 10, downBytesPerSecond: plan.bytesPerSecond };
    const links = new Map(Array.from({ length: plan.downloaders }, (_, index) => [index + 1, link]));
    const { endedAt } = new SimulatedCrowd({ ...plan, links }).run();
    const sentPerSecond = plan.bytesPerSecond + plan.downloaders * link.upBytesPerSecond;
    const togetherMs = ((plan.downloaders * plan.fileBytes) / sentPerSecond) * 1000;
    print(`crowd of 8 with slow uplinks: the last ${(Math.max(...endedAt) / togetherMs).toFixed(2)} of the optimum`);
    expect(Math.max(...endedAt)).toBeLessThan(1.1 * togetherMs);
  });
});
