/** As much of Kubernetes' manifests as the tests ask for. What a kind does not have is not there. */
export interface Container {
  readonly image: string;
  readonly command: readonly string[];
  readonly env: readonly { readonly name: string; readonly value?: string }[];
  readonly ports: readonly { readonly name: string }[];
  readonly readinessProbe: { readonly httpGet: object };
  readonly resources: { readonly requests?: object };
  readonly securityContext: object;
  readonly volumeMounts: readonly object[];
}

export interface PodSpec {
  readonly containers: readonly [Container];
  readonly serviceAccountName: string;
  readonly activeDeadlineSeconds: number;
  readonly terminationGracePeriodSeconds: number;
  readonly topologySpreadConstraints?: readonly object[];
  readonly volumes?: readonly object[];
}

interface Metadata {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface Manifest {
  readonly kind: string;
  readonly metadata: Metadata;
  /** Of a ConfigMap. */
  readonly data?: Readonly<Record<string, string>>;
  readonly spec: PodSpec & {
    readonly replicas: number;
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly template: { readonly metadata: Metadata; readonly spec: PodSpec };
    readonly volumeClaimTemplates?: readonly [{ readonly spec: object }];
    readonly persistentVolumeClaimRetentionPolicy: object;
    readonly policyTypes: readonly string[];
    readonly ingress: readonly [Door, Door];
  };
}

interface Door {
  readonly from?: readonly object[];
  readonly ports: readonly object[];
}
