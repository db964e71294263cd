export interface LocalNode {
  readonly number: number;
  readonly name: string;
  readonly namespace: string;
  readonly address: string;
  readonly podRange: string;
  readonly cable: string;
  readonly dir: string;
  readonly runDir: string;
  readonly socket: string;
}
export const NODES: readonly LocalNode[];
export const STATE_DIR: string;
export const KUBECONFIG: string;
