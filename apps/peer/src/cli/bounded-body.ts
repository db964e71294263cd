import { Failure } from '@p2p/protocol';
import { CLI_LINE_BYTES_MAX } from '../limits.js';

/** The whole body of an answer. Throws `LIMIT_EXCEEDED` before it would fill the memory. */
export async function boundedText(response: Response): Promise<string> {
  let text = '';
  for await (const piece of decoded(response)) {
    text += piece;
    if (text.length > CLI_LINE_BYTES_MAX) throw tooLong('answer');
  }
  return text;
}

/** The lines of a body that are not empty. `onPiece` is called whenever something came. Throws `LIMIT_EXCEEDED`. */
export async function* boundedLines(response: Response, onPiece: () => void): AsyncGenerator<string, void, undefined> {
  let rest = '';
  for await (const piece of decoded(response)) {
    onPiece();
    const lines = (rest + piece).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > CLI_LINE_BYTES_MAX) throw tooLong('line');
    for (const line of lines) if (line !== '') yield line;
  }
  // A line is only whole with its end: this one was cut by a connection that broke.
  if (rest !== '') throw new Failure('CONNECTION_LOST', 'the connection to the peer broke in the middle of a line');
}

async function* decoded(response: Response): AsyncGenerator<string, void, undefined> {
  if (response.body === null) return;
  const decoder = new TextDecoder();
  for await (const bytes of response.body) yield decoder.decode(bytes as Uint8Array, { stream: true });
}

function tooLong(what: string): Failure {
  return new Failure('LIMIT_EXCEEDED', `the peer's ${what} has more than ${CLI_LINE_BYTES_MAX} bytes; no answer should`);
}
