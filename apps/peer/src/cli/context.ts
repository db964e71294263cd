import type { ControlClient } from './control-client.js';
import type { Terminal } from './terminal.js';

/** What every command works with. */
export interface CommandContext {
  readonly client: ControlClient;
  readonly terminal: Terminal;
  readonly json: boolean;
  /** Aborts at the first Ctrl-C. */
  readonly interrupt: AbortSignal;
  readonly cwd: string;
}
