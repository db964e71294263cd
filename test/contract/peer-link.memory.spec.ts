import { realClock } from '../simulation/network/clock.js';
import { MemoryNetwork } from '../simulation/network/memory-network.js';
import type { ContractHolder } from './peer-link.harness.js';
import { peerLinkSuite } from './peer-link.suite.js';
import { contentOf } from './tcp-holder.js';

peerLinkSuite('in memory', () => {
  const network = new MemoryNetwork(realClock);
  const holders: ContractHolder[] = [];
  return {
    links: network.links(),
    async startHolder({ peer = 'holder', version, packetDelayMs = 0 } = {}) {
      const rateBytesPerSecond = packetDelayMs === 0 ? Infinity : (1024 / packetDelayMs) * 1000;
      const memory = network.addHolder(peer, { rateBytesPerSecond, packetDelayMs, ...(version === undefined ? {} : { version }) });
      const holder: ContractHolder = {
        address: memory.address,
        changes: memory.changes,
        cancelled: memory.cancelled,
        share: (file, have) => memory.share(contentOf(file), have),
        gain: (file, segments) => memory.gain(file.id, segments),
        withdraw: (file, failure) => memory.withdraw(file.id, failure),
        watchersOf: (file) => memory.watchersOf(file.id),
        beBusy: (retryAfterMs) => (memory.knobs.busyRetryAfterMs = retryAfterMs),
        lie: (lie) => (memory.knobs.lie = lie),
        kill: async () => memory.kill(),
      };
      holders.push(holder);
      return holder;
    },
    async teardown() {
      for (const holder of holders) await holder.kill();
    },
  };
});
