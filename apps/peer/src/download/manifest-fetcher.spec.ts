import type { Failure, Manifest } from '@p2p/protocol';
import { describe, expect, it } from 'vitest';
import { MemoryNetwork } from '../../../../test/simulation/network/memory-network.js';
import { systemClock } from './clock.js';
import { checkedManifest, emptyFileManifest, ManifestFetcher } from './manifest-fetcher.js';
import { contentOf, silentLogger } from './spec-helper.js';

const content = contentOf(1_000_000);

function fetching() {
  const network = new MemoryNetwork(systemClock);
  const links = network.links();
  const rejected: { holder: string; failure: Failure }[] = [];
  const found = Promise.withResolvers<Manifest>();
  const fetcher = new ManifestFetcher(
    { clock: systemClock, logger: silentLogger },
    {
      file: content.file,
      onManifest: found.resolve,
      onRejected: (holder, failure) => rejected.push({ holder, failure }),
    },
  );
  return { network, links, rejected, found: found.promise, fetcher };
}

describe('a manifest', () => {
  it('comes from the second holder when the first does not have it', async () => {
    const { network, links, found, fetcher, rejected } = fetching();
    const [without, having] = [network.addHolder('without'), network.addHolder('having')];
    having.share(content, 'complete');
    fetcher.add(await links.open(without.address));
    fetcher.add(await links.open(having.address));
    expect(Buffer.from((await found).bytes).equals(content.manifest)).toBe(true);
    expect(rejected).toEqual([]);
  });

  it('that is not the one of the file id is refused, and another holder asked', async () => {
    const { network, links, found, fetcher, rejected } = fetching();
    const [liar, having] = [network.addHolder('liar'), network.addHolder('having')];
    liar.share({ ...content, manifest: contentOf(1_000_000, 2).manifest }, 'complete');
    having.share(content, 'complete');
    fetcher.add(await links.open(liar.address));
    fetcher.add(await links.open(having.address));
    await found;
    expect(rejected).toMatchObject([{ holder: 'liar', failure: { code: 'CORRUPT' } }]);
  });

  it('is asked of another holder when the first is silent', async () => {
    const { network, links, found, fetcher } = fetching();
    const [silent, having] = [network.addHolder('silent'), network.addHolder('having')];
    const link = await links.open(silent.address);
    silent.silence();
    having.share(content, 'complete');
    fetcher.add(link);
    fetcher.add(await links.open(having.address));
    await found;
    link.close();
  });

  it('of an empty file needs nobody', () => {
    const empty = contentOf(0);
    expect(emptyFileManifest(empty.file).segmentCount).toBe(0);
    expect(() => emptyFileManifest(content.file)).toThrow('a manifest has the hash');
    expect(() => checkedManifest(content.file, content.manifest.subarray(1))).toThrow('a manifest has the hash');
  });
});
