// crowd.mjs: many peers in one process, each with the diary client of the shipped peer and a connection of its own.
import { createHash } from 'node:crypto';
import { NEVER } from 'rxjs';
import { DiaryClient } from '../../../apps/peer/dist/directory/diary-client.js';

/** So many contents are held by ten peers each, where every peer holds 100. */
const HOLDERS_PER_FILE = 10;
/** Peers that begin to connect together; the next begin some ms later. */
const BATCH = 25;
const BATCH_MS = 20;

const silent = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };

process.on('message', ({ port, first, count, peers, files }) => {
  const distinct = Math.max(files, Math.floor((peers * files) / HOLDERS_PER_FILE));
  let started = 0;
  const startSome = () => {
    const end = Math.min(count, started + BATCH);
    for (; started < end; started++) startPeer(port, first + started, { files, distinct });
    if (started < count) setTimeout(startSome, BATCH_MS);
  };
  startSome();
});

function startPeer(port, number, { files, distinct }) {
  const holdings = Array.from({ length: files }, (_, index) => holdingOf((number * files + index) % distinct));
  const client = new DiaryClient({
    settings: {
      diary: { host: '127.0.0.1', port },
      peer: `peer-${number}`,
      key: keyOf(number),
      incarnation: Date.now(),
      advertisedHost: '127.0.0.1',
    },
    holdings: { changes: NEVER, list: () => holdings, get: (file) => holdings.find((holding) => holding.file === file) },
    logger: silent,
    onFatal: (failure) => {
      throw failure;
    },
  });
  client.start(4000);
}

const made = new Map();

/** A content is the same object for all its holders. */
function holdingOf(number) {
  let holding = made.get(number);
  if (holding === undefined) {
    const file = createHash('sha256').update(`file ${number}`).digest('hex');
    holding = {
      file,
      names: [`set-${number % 1000}/file-${number}.bin`],
      manifest: { fileBytes: number },
      verified: { isFull: true, count: 1 },
    };
    made.set(number, holding);
  }
  return holding;
}

function keyOf(number) {
  return createHash('sha256').update(`key ${number}`).digest('hex').slice(0, 32);
}
