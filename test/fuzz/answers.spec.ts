// A downloader whose holders' answers are bent on their way: what it gets is right all the same, or not taken.
import { encodeMessageFrame } from '@p2p/protocol';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { BendingProxy } from './bending-proxy.ts';
import { FuzzConnection } from './fuzz-connection.ts';
import { Random } from './random.ts';
import { SEED } from './settings.ts';
import { startSwarm, type Swarm } from './swarm.ts';

/** Downloads, each with as many liars as honest holders. */
const ROUNDS = 3;
/** From hardly any answer to most: who is caught at once never gets far. */
const BENT_RATIOS = [0.01, 0.1, 0.7];

let swarm: Swarm;
beforeAll(async () => {
  console.log(`FUZZ_SEED=${SEED}`);
  swarm = await startSwarm(SEED);
});
afterAll(() => swarm.stage.close());

it('answers bent in every way leave downloads byte-identical and downloaders alive', async () => {
  const proxies: BendingProxy[] = [];
  const memberships: FuzzConnection[] = [];
  try {
    for (const [index, bentRatio] of BENT_RATIOS.entries()) {
      // As long as "other", the name of the holder behind it.
      const own = `bent${index}`;
      const random = new Random(SEED, own);
      const proxy = await BendingProxy.open({ port: swarm.other.peerPort, names: { own, holder: swarm.other.id }, random, bentRatio });
      proxies.push(proxy);
      memberships.push(await announce(own, proxy.port));
    }
    for (let round = 0; round < ROUNDS; round += 1) {
      const { sources, rejected } = await swarm.download(`round-${round}`, 2 + proxies.length);
      console.log(`${sources.map(({ source, segments, state }) => `${source} ${segments} (${state})`).join(', ')}; ${rejected} rejected`);
    }
    const bent = proxies.reduce((sum, proxy) => sum + proxy.bent, 0);
    console.log(`${bent} answers were bent, on ${proxies.map(({ connections }) => connections).join(', ')} connections`);
    // Without any nothing would have been shown.
    expect(bent).toBeGreaterThan(ROUNDS);
    await swarm.stage.stop();
  } finally {
    for (const membership of memberships) membership.reset();
    for (const proxy of proxies) proxy.close();
  }
});

/** Joins the diary as a holder of the large file; the connection is its lease. */
async function announce(peer: string, port: number): Promise<FuzzConnection> {
  const connection = await FuzzConnection.open(swarm.diary.port);
  const { id, name, bytes } = swarm.largeFile;
  const join = { version: 1, peer, key: '2'.repeat(32), incarnation: 1, host: '127.0.0.1', port };
  connection.expect(['1', '2']);
  connection.write(encodeMessageFrame({ pattern: 'peer.join', data: join, id: 1 }));
  connection.write(encodeMessageFrame({ pattern: 'files.announce', data: { files: [{ id, name, bytes, state: 'complete' }] }, id: 2 }));
  await connection.answered();
  if (connection.refusals.size > 0) throw new Error(`${peer} was refused: ${[...connection.refusals.keys()].join(', ')}`);
  return connection;
}
