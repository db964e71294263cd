import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

/** What one peer alone shall take, unless a delay is given: long enough to kill one half way, short enough to watch. */
const ONE_PEER_MS = 6000;
/** The text goes over slower links, of 4.3 MB/s each: there compression pays. */
const TEXT_DELAY_MS = 0.24;
const PACKET_BYTES = 1024;
const DELAY_MS_MIN = 0.01;
const DELAY_MS_MAX = 1000;

const HELP = `npm run demo [-- --file FILE --delay-ms MS]

  --file FILE     what is downloaded; default: the Node executable that this runs on
  --delay-ms MS   how long each peer waits for every 1024 bytes it sends, fractions allowed;
                  default: so that one peer alone takes about ${ONE_PEER_MS / 1000} s`;

/** Ends the process with what is wrong, or with the help that was asked for. */
export async function readArguments(args) {
  const values = parse(args);
  if (values.help) end(HELP, 0);
  const file = resolve(process.env.INIT_CWD ?? '.', values.file ?? process.execPath);
  const { size } = await stat(file).catch((error) => end(`--file: ${error.message}`, 2));
  const delayMs = values['delay-ms'] === undefined ? fittingDelayMs(size) : Number(values['delay-ms']);
  if (!(delayMs >= DELAY_MS_MIN && delayMs <= DELAY_MS_MAX)) {
    end(`--delay-ms is ${values['delay-ms']}; it must be a number from ${DELAY_MS_MIN} to ${DELAY_MS_MAX}`, 2);
  }
  return { file, delayMs, textDelayMs: values['delay-ms'] === undefined ? TEXT_DELAY_MS : delayMs };
}

function parse(args) {
  try {
    return parseArgs({ args, options: { file: { type: 'string' }, 'delay-ms': { type: 'string' }, help: { type: 'boolean', short: 'h' } } })
      .values;
  } catch (error) {
    return end(`${error.message}\n\n${HELP}`, 2);
  }
}

function fittingDelayMs(bytes) {
  const delayMs = Number(((ONE_PEER_MS * PACKET_BYTES) / Math.max(bytes, 1)).toPrecision(2));
  return Math.min(Math.max(delayMs, DELAY_MS_MIN), DELAY_MS_MAX);
}

function end(text, code) {
  (code === 0 ? console.log : console.error)(text);
  process.exit(code);
}
