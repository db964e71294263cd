/** Values that between them reach every branch of the templates, by what they are for. */
const off = { enabled: false };

export const VARIANTS: Readonly<Record<string, object>> = {
  'a default install': {},
  'everything switched off that can be': {
    networkPolicy: off,
    metrics: { annotate: false },
    serviceAccount: { create: false, name: 'mine' },
    peer: { podDisruptionBudget: off, topologySpread: off },
  },
  'the diary of another release': { diary: off, peer: { diary: 'west-diary:4100', idPrefix: 'east-', advertisedHost: 'peers.example' } },
  'a claim for each peer': {
    peer: { persistence: { enabled: true, size: '1Ti', storageClass: '-', whenDeleted: 'Delete', whenScaled: 'Delete' } },
  },
  'a bounded emptyDir and recordings': { peer: { emptyDirSize: '5Gi', recordDir: '/data', logLevel: 'debug' } },
  'every kind of shared volume': {
    podSecurityStandard: 'privileged',
    peer: {
      share: [
        { name: 'sets', persistentVolumeClaim: { claimName: 'sets' } },
        { name: 'settings', configMap: { name: 'settings' } },
        { name: 'disk', hostPath: { path: '/srv', type: 'Directory' } },
      ],
    },
  },
  'other names, ports and image': {
    fullnameOverride: 'swarm',
    image: { repository: 'registry.example/p2p', tag: 'next', pullPolicy: 'Always', pullSecrets: [{ name: 'door' }] },
    diary: { port: 4242, metricsPort: 9000 },
    peer: { port: 4001, metricsPort: 9001, controlPort: 7071, controlHost: '::', packetDelayMs: 0.02 },
  },
  'doors for others': {
    networkPolicy: {
      allowFrom: [{ namespaceSelector: { matchLabels: { team: 'west' } } }, { ipBlock: { cidr: '10.0.0.0/8' } }],
      metricsFrom: [{ podSelector: { matchLabels: { app: 'prometheus' } } }],
    },
  },
  'pods placed, labelled and given more variables': {
    serviceAccount: { annotations: { team: 'west' } },
    diary: placed(),
    peer: { ...placed(), topologySpread: { whenUnsatisfiable: 'DoNotSchedule' }, podDisruptionBudget: { maxUnavailable: '50%' } },
  },
  'a Prometheus and a Grafana of its own': { observability: { enabled: true } },
  'a Prometheus for others, placed, and dashboards for a sidecar': {
    observability: {
      enabled: true,
      allowFrom: [{ namespaceSelector: {} }],
      grafana: off,
      prometheus: { image: { digest: `sha256:${'0'.repeat(64)}` }, ...where() },
    },
    monitoring: { dashboards: { enabled: true, annotations: { grafana_folder: 'P2P' } } },
  },
};

function placed(): object {
  return {
    extraEnv: [{ name: 'NODE_OPTIONS', value: '--enable-source-maps' }],
    podLabels: { team: 'west' },
    podAnnotations: { 'example.com/note': 'placed' },
    ...where(),
  };
}

/** Where a pod may run. */
function where(): object {
  return {
    nodeSelector: { 'kubernetes.io/os': 'linux' },
    tolerations: [{ key: 'disk', operator: 'Exists', effect: 'NoSchedule' }],
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/arch', operator: 'In', values: ['amd64', 'arm64'] }] }],
        },
      },
    },
  };
}
