import { isIP } from 'node:net';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Failure } from '@p2p/protocol';
import type { Logger } from '@p2p/service';
import { sendFailure } from './failure-answer.js';
import { isToken } from './token.js';

export interface DoorOptions {
  /** The setting `P2P_CONTROL_HOST`: what the API listens on. */
  readonly controlHost: string;
  readonly token: string;
  readonly logger: Logger;
}

const LOOPBACK_NAMES: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);
const WILDCARDS: ReadonlySet<string> = new Set(['0.0.0.0', '::']);
const BEARER = /^Bearer +(\S+) *$/i;

/**
 * Refuses who may not come in, before anything of the request but its head is read. A web page that its user looks at
 * can send requests here, under another site's name (`Origin`) or with a name that was made to point here (`Host`); a
 * program of another user can too, and has no token.
 */
export function door(options: DoorOptions) {
  return (request: IncomingMessage, response: ServerResponse, next: () => void): void => {
    response.setHeader('Cache-Control', 'no-store');
    response.setHeader('X-Content-Type-Options', 'nosniff');
    const refusal = refusalOf(request, options);
    if (refusal === undefined) {
      next();
      return;
    }
    options.logger.warn('control request refused', { failure: refusal, method: request.method, remote: request.socket.remoteAddress });
    sendFailure(response, refusal, options.logger);
  };
}

function refusalOf(request: IncomingMessage, options: DoorOptions): Failure | undefined {
  const host = request.headers.host ?? '';
  if (!isOwnHost(host, options.controlHost, request.socket.localAddress)) {
    return new Failure('FORBIDDEN', `the control API does not answer to the host ${quoted(host)}; use localhost, or 127.0.0.1`);
  }
  const origin = request.headers.origin;
  if (origin !== undefined && origin.toLowerCase() !== `http://${host.toLowerCase()}`) {
    return new Failure('FORBIDDEN', `the control API takes no requests from pages of ${quoted(origin)}`);
  }
  const given = BEARER.exec(request.headers.authorization ?? '')?.[1];
  if (given === undefined) {
    const advice = 'send "Authorization: Bearer TOKEN" with what control.token in the peer\'s data directory holds';
    return new Failure('UNAUTHORIZED', `the request has no token; ${advice}`);
  }
  if (!isToken(options.token, given)) {
    return new Failure('UNAUTHORIZED', "the token is not this peer's; control.token in its data directory holds the right one");
  }
  return undefined;
}

/**
 * Whether a Host header names this API, whatever the port: it may be forwarded. Where the API listens on all addresses,
 * the address that the connection came to is its name too: pages can be made to point a name here, but not an address.
 */
export function isOwnHost(header: string, controlHost: string, localAddress: string | undefined): boolean {
  const name = /^(\[[0-9a-f:.%]+\]|[^:[\]]+)(?::\d{1,5})?$/i.exec(header)?.[1]?.toLowerCase();
  if (name === undefined) return false;
  if (LOOPBACK_NAMES.has(name) || name === bracketed(controlHost.toLowerCase())) return true;
  // A socket for both families shows IPv4 addresses in the form of IPv6.
  const local = localAddress?.replace(/^::ffff:(?=\d+\.)/i, '').toLowerCase();
  return WILDCARDS.has(controlHost) && local !== undefined && name === bracketed(local);
}

function bracketed(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host;
}

/** Enough of a header to recognise it; it comes from outside. */
function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
