import type { HolderAddress } from '../directory/directory.js';
import type { PeerLink, PeerLinks } from './peer-link.js';

interface SharedLink {
  readonly opening: Promise<PeerLink>;
  users: number;
}

/** One link to each life of a peer, however many downloads use it: the artificial delay is per connection. */
export class SharedPeerLinks implements PeerLinks {
  readonly #connect: (address: HolderAddress) => Promise<PeerLink>;
  /** Links that can be given out, by the address they were opened for. */
  readonly #shared = new Map<string, SharedLink>();
  readonly #byLink = new Map<PeerLink, SharedLink>();

  /** `connect` makes a link that has said hello. */
  constructor(connect: (address: HolderAddress) => Promise<PeerLink>) {
    this.#connect = connect;
  }

  async open(address: HolderAddress): Promise<PeerLink> {
    const key = `${address.peer} ${address.incarnation} ${address.host} ${address.port}`;
    let shared = this.#shared.get(key);
    if (shared === undefined) {
      shared = { opening: this.#connect(address), users: 0 };
      this.#shared.set(key, shared);
      this.#follow(key, shared);
    }
    shared.users++;
    // Where it fails nobody holds the link, and the next `open` tries anew.
    return shared.opening;
  }

  release(link: PeerLink): void {
    const shared = this.#byLink.get(link);
    if (shared === undefined || --shared.users > 0) return;
    this.#byLink.delete(link);
    link.close();
  }

  /** Forgets the link when it could not be opened or is closed, whoever closed it. */
  #follow(key: string, shared: SharedLink): void {
    const forget = (): void => {
      if (this.#shared.get(key) === shared) this.#shared.delete(key);
    };
    shared.opening.then((link) => {
      this.#byLink.set(link, shared);
      link.closed.subscribe(forget);
    }, forget);
  }
}
