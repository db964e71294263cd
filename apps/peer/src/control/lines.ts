import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { toFailure, type Logger } from '@p2p/service';
import { CONTROL_KEEP_ALIVE_MS } from '../limits.js';
import { failureAnswer } from './failure-answer.js';

export interface LinesOptions {
  readonly logger: Logger;
  /** An empty line after so long without another. Default: `CONTROL_KEEP_ALIVE_MS`. */
  readonly keepAliveMs?: number;
}

/**
 * Answers with a stream of one JSON object a line. `begin` is given a signal that aborts when the client is gone. The
 * next item is only asked for when the client has taken the ones before. What fails before the first item is thrown;
 * later, it is the last line.
 */
export async function sendLines(
  response: ServerResponse,
  begin: (gone: AbortSignal) => AsyncIterable<unknown>,
  options: LinesOptions,
): Promise<void> {
  const gone = new AbortController();
  const onClose = (): void => gone.abort();
  response.once('close', onClose);
  let keepAlive: NodeJS.Timeout | undefined;
  try {
    for await (const item of begin(gone.signal)) {
      if (keepAlive === undefined) {
        openStream(response);
        keepAlive = setInterval(() => keepAwake(response), options.keepAliveMs ?? CONTROL_KEEP_ALIVE_MS);
      }
      keepAlive.refresh();
      await writeLine(response, item, gone.signal);
    }
    if (!response.headersSent) openStream(response);
  } catch (error) {
    // A client that is gone hears nothing, and its going is what failed.
    if (gone.signal.aborted) return;
    if (!response.headersSent) throw error;
    await writeLine(response, failureAnswer(toFailure(error), options.logger), gone.signal).catch(() => undefined);
  } finally {
    clearInterval(keepAlive);
    response.off('close', onClose);
    if (response.headersSent) response.end();
  }
}

function openStream(response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'application/x-ndjson; charset=utf-8' });
}

/** A client that does not read is left alone: its connection is full as it is. */
function keepAwake(response: ServerResponse): void {
  if (!response.writableNeedDrain) response.write('\n');
}

/** Returns when the client has taken it. Throws an `AbortError` when the client is gone. */
async function writeLine(response: ServerResponse, item: unknown, gone: AbortSignal): Promise<void> {
  gone.throwIfAborted();
  if (!response.write(`${JSON.stringify(item)}\n`)) await once(response, 'drain', { signal: gone });
}
