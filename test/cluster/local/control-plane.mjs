// etcd, the API server, controllers, scheduler and DNS: on the host, at the bridge's address.
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ready, start } from './processes.mjs';
import { API_PORT, CONTROL_ADDRESS, ETCD_PORT, KUBECONFIG, SERVICE_RANGE, START_MS, STATE_DIR } from './settings.mjs';
import { attempt, run } from './shell.mjs';

const PKI_DIR = join(STATE_DIR, 'pki');
const SERVICE_ACCOUNT_KEY = join(PKI_DIR, 'service-accounts.key');
const TOKENS = join(PKI_DIR, 'tokens.csv');
const ETCD = `http://127.0.0.1:${ETCD_PORT}`;

/** In the order they are to be ended. */
export const CONTROL_PROGRAMS = ['coredns', 'kube-scheduler', 'kube-controller-manager', 'kube-apiserver', 'etcd'];

export async function startControlPlane(binaries) {
  await writeSecrets();
  const program = (name) => join(binaries, name);
  const peerUrl = `http://127.0.0.1:${ETCD_PORT + 1}`;
  await start('etcd', 'etcd', [
    `--data-dir=${join(STATE_DIR, 'etcd')}`,
    `--listen-client-urls=${ETCD}`,
    `--advertise-client-urls=${ETCD}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=default=${peerUrl}`,
    // It does not have to survive the machine, and must not wait for its disk.
    '--unsafe-no-fsync',
  ]);
  await start('kube-apiserver', program('kube-apiserver'), [
    `--etcd-servers=${ETCD}`,
    `--cert-dir=${PKI_DIR}`,
    `--bind-address=${CONTROL_ADDRESS}`,
    `--advertise-address=${CONTROL_ADDRESS}`,
    `--secure-port=${API_PORT}`,
    `--service-cluster-ip-range=${SERVICE_RANGE}`,
    `--service-account-key-file=${SERVICE_ACCOUNT_KEY}`,
    `--service-account-signing-key-file=${SERVICE_ACCOUNT_KEY}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--token-auth-file=${TOKENS}`,
    '--authorization-mode=Node,RBAC',
    '--allow-privileged=true',
    // The nodes' names are in no DNS.
    '--kubelet-preferred-address-types=InternalIP',
  ]);
  await ready('kube-apiserver', () => isReady(binaries), START_MS);
  await start('kube-controller-manager', program('kube-controller-manager'), [
    `--kubeconfig=${KUBECONFIG}`,
    `--service-account-private-key-file=${SERVICE_ACCOUNT_KEY}`,
    `--root-ca-file=${join(PKI_DIR, 'apiserver.crt')}`,
    `--cert-dir=${PKI_DIR}`,
    '--allocate-node-cidrs=false',
    '--leader-elect=false',
    // A node whose cable is pulled is NotReady after this, not after 50 s.
    '--node-monitor-grace-period=12s',
    '--node-monitor-period=2s',
  ]);
  await start('kube-scheduler', program('kube-scheduler'), [`--kubeconfig=${KUBECONFIG}`, '--leader-elect=false', `--cert-dir=${PKI_DIR}`]);
  const corefile = join(STATE_DIR, 'Corefile');
  await writeFile(corefile, COREFILE);
  await start('coredns', program('coredns'), ['-conf', corefile]);
}

const COREFILE = `.:53 {
  bind ${CONTROL_ADDRESS}
  errors
  kubernetes cluster.local in-addr.arpa {
    kubeconfig ${KUBECONFIG}
    ttl 1
  }
  forward . /etc/resolv.conf
}
`;

async function isReady(binaries) {
  return (
    (await attempt(join(binaries, 'kubectl'), [`--kubeconfig=${KUBECONFIG}`, 'get', '--raw=/readyz', '--request-timeout=2s'])) === 'ok'
  );
}

/** Kept by a cluster that is there already: its tokens are signed with them. */
async function writeSecrets() {
  await mkdir(PKI_DIR, { recursive: true, mode: 0o700 });
  if (!existsSync(SERVICE_ACCOUNT_KEY)) await run('openssl', ['genrsa', '-out', SERVICE_ACCOUNT_KEY, '2048']);
  if (!existsSync(TOKENS)) await writeFile(TOKENS, `${randomBytes(16).toString('hex')},admin,admin,system:masters\n`, { mode: 0o600 });
  const token = (await readFile(TOKENS, 'utf8')).split(',')[0];
  await writeFile(KUBECONFIG, kubeconfigOf(token), { mode: 0o600 });
}

function kubeconfigOf(token) {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'p2p', cluster: { server: `https://${CONTROL_ADDRESS}:${API_PORT}`, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'admin', user: { token } }],
    contexts: [{ name: 'p2p', context: { cluster: 'p2p', user: 'admin' } }],
    'current-context': 'p2p',
  });
}
