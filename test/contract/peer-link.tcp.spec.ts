import { TcpPeerLinks } from '../../apps/peer/src/links/tcp-peer-links.js';
import type { ContractHolder } from './peer-link.harness.js';
import { peerLinkSuite } from './peer-link.suite.js';
import { startTcpHolder } from './tcp-holder.js';

peerLinkSuite('over TCP', () => {
  const holders: ContractHolder[] = [];
  return {
    links: new TcpPeerLinks('asker'),
    async startHolder(options) {
      const holder = await startTcpHolder(options);
      holders.push(holder);
      return holder;
    },
    async teardown() {
      for (const holder of holders) await holder.kill();
    },
  };
});
