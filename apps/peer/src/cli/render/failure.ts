import type { Failure } from '@p2p/protocol';
import type { Style } from './style.js';
import { jsonLine, safe } from './text.js';

/** "CODE: sentence", or one line of JSON. */
export function failureLine(failure: Failure, options: { readonly json: boolean; readonly style: Style }): string {
  if (options.json) return jsonLine({ failure: failure.toWire() });
  return `${options.style.paint('red', failure.code)}: ${safe(failure.message)}`;
}
