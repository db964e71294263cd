// npm start: a diary and three peers on this machine until Ctrl-C. What they downloaded stays in .p2p-data.
import { fileURLToPath } from 'node:url';
import { Stage } from '../test/tools/stage.ts';

const PEERS = ['peer-1', 'peer-2', 'peer-3'];
const folder = fileURLToPath(new URL('../.p2p-data', import.meta.url));

const asked = Promise.withResolvers();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => asked.resolve(signal));

// In groups of their own, so that Ctrl-C reaches this process alone, which stops them in order.
await using stage = await Stage.open({ folder, isDetached: true });
try {
  const diary = await stage.startDiary();
  const peers = await Promise.all(PEERS.map((id) => stage.startPeer({ id })));
  console.log(
    `\nA diary on ${diary.address} and ${peers.length} peers are up. Metrics of the diary: http://127.0.0.1:${diary.metricsPort}/metrics\n`,
  );
  for (const { id, controlUrl, dataDir, metricsPort } of peers) {
    console.log(`  ${id}: export P2P_CONTROL_URL=${controlUrl} P2P_DATA_DIR='${dataDir}'   # http://127.0.0.1:${metricsPort}/metrics`);
  }
  const [first, second] = peers.map(({ controlUrl, dataDir }) => `P2P_CONTROL_URL=${controlUrl} P2P_DATA_DIR='${dataDir}' npx p2p`);
  console.log(`\nIn another terminal, in this folder, for example:\n`);
  console.log(`  ${first} share README.md`);
  console.log(`  ${second} list`);
  console.log(`  ${second} get README.md --output /tmp/README.md`);
  console.log(`  ${second} status\n\nCtrl-C stops them.`);
  const ended = [diary, ...peers].map(async ({ process: program }) => {
    await program.exited;
    return program;
  });
  const end = await Promise.race([asked.promise, ...ended]);
  if (typeof end !== 'string') throw new Error(`${end.title} ended by itself: ${end.describe()}`);
  console.log('\nstopping');
  await stage.stop();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
