// Blows to what runs in a pod, from outside of it: on our own cluster, whose nodes are this machine.
import { readFile, readdir } from 'node:fs/promises';
import { run } from '../tools/run.ts';
import type { Battle } from './battle.ts';

const PROGRAM = 'p2p-peer';

/** Kills a holder's process. Nothing in the pod could: it is the first there, and the kernel shields that from its own kind. */
export async function killProcess(battle: Battle): Promise<void> {
  const { name, pid } = await victimProcess(battle);
  battle.note({ what: 'kill -9 of the process in the pod', victims: [name] });
  process.kill(pid, 'SIGKILL');
}

/** Drops every packet at a holder's interface. Nobody is told: no FIN, no RST, and the pod runs on. */
export async function cutNetwork(battle: Battle): Promise<void> {
  const { name, pid } = await victimProcess(battle);
  const rule = async (...words: readonly string[]): Promise<string> =>
    run('nsenter', [`--net=/proc/${pid}/ns/net`, 'iptables', '-w', '-I', ...words, '-j', 'DROP']);
  battle.note({ what: 'iptables DROP on the interface of the pod', victims: [name], isSilent: true });
  await rule('INPUT', '-i', 'eth0');
  await rule('OUTPUT', '-o', 'eth0');
}

async function victimProcess(battle: Battle): Promise<{ readonly name: string; readonly pid: number }> {
  const placed = await battle.swarm.lab.placed();
  const [victim] = battle.victims(1);
  const uid = placed.find(({ name }) => name === victim?.name)?.uid;
  if (victim === undefined || uid === undefined) throw new Error('there is a holder to strike');
  return { name: victim.name, pid: await processOf(uid) };
}

/** The number, on this machine, of the peer's process in the pod of this uid. */
async function processOf(uid: string): Promise<number> {
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const groups = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '');
    if (!groups.includes(`/pod${uid}/`)) continue;
    const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (words.includes(PROGRAM)) return Number(pid);
  }
  throw new Error(`no process ${PROGRAM} is in the pod ${uid}`);
}
