import { Failure, PEER_PATTERNS, PROTOCOL_VERSION, helloAnswerSchema, type HelloRequest, type PeerId } from '@p2p/protocol';
import { FrameClient } from '@p2p/service';
import type { HolderAddress } from '../directory/directory.js';
import { LINK_CONNECT_TIMEOUT_MS, LINK_HELLO_TIMEOUT_MS } from '../limits.js';
import { SharedPeerLinks } from './shared-peer-links.js';
import { TcpPeerLink } from './tcp-peer-link.js';

/** Links over Nest's TCP transport in frames. `self` is who says hello. */
export class TcpPeerLinks extends SharedPeerLinks {
  constructor(self: PeerId) {
    super((address) => connect(self, address));
  }
}

async function connect(self: PeerId, address: HolderAddress): Promise<TcpPeerLink> {
  const { host, port } = address;
  const client = await FrameClient.connect({ host, port, connectTimeoutMs: LINK_CONNECT_TIMEOUT_MS });
  try {
    const request: HelloRequest = { version: PROTOCOL_VERSION, peer: self };
    const hello = await client.request(PEER_PATTERNS.hello, request, helloAnswerSchema, { timeoutMs: LINK_HELLO_TIMEOUT_MS });
    if (hello.version !== PROTOCOL_VERSION) {
      throw new Failure('VERSION_MISMATCH', `peer ${address.peer} speaks version ${hello.version}, this program ${PROTOCOL_VERSION}`);
    }
    if (hello.peer !== address.peer) {
      throw new Failure('UNREACHABLE', `at ${host}:${port} is peer ${hello.peer}, not ${address.peer}`);
    }
    return new TcpPeerLink(client, address, hello);
  } catch (error) {
    client.close();
    throw error;
  }
}
