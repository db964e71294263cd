import { isIPv6 } from 'node:net';
import { HOST_LENGTH_MAX } from '@p2p/protocol';
import { refusal } from './refuse.js';
import type { Setting } from './setting.js';

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface AddressOptions {
  readonly variable: string;
  readonly description: string;
  /** For example "127.0.0.1:4100". */
  readonly default: string;
}

const RANGE = 'HOST:PORT, or [IPV6]:PORT, with a port from 1 to 65535';
const PORT_MAX = 65_535;
/** One or more labels of letters, digits, "-" and "_" (Docker Compose has service names with "_"), joined by ".". */
const HOST = /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?$/i;

/** Where another process listens. */
export function addressSetting(options: AddressOptions): Setting<Address> {
  const { variable, description } = options;
  return {
    variable,
    description,
    defaultText: options.default,
    unit: '',
    range: RANGE,
    parse(text) {
      const address = parseAddress(text.trim());
      if (address === undefined) throw refusal({ variable, range: RANGE }, text);
      return address;
    },
  };
}

function parseAddress(text: string): Address | undefined {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  const [, bracketed, plain, digits] = match;
  const port = Number(digits);
  if (port < 1 || port > PORT_MAX) return undefined;
  if (bracketed !== undefined) return isIPv6(bracketed) ? { host: bracketed, port } : undefined;
  const host = plain ?? '';
  return host.length <= HOST_LENGTH_MAX && HOST.test(host) ? { host, port } : undefined;
}
