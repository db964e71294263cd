import type { LocalNode } from './settings.mjs';

export function startContainerd(node: LocalNode): Promise<void>;
export function startKubelet(node: LocalNode, binaries: string): Promise<void>;
/** Ends the node's programs and pods as a loss of power would, and leaves what is on its disk. */
export function crashNode(node: LocalNode): Promise<void>;
