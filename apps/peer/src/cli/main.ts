import path from 'node:path';
import { CommanderError } from 'commander';
import { EXIT_CODES, Failure } from '@p2p/protocol';
import { readCliConfig, type CliConfig } from './config.js';
import type { CommandContext } from './context.js';
import { ControlClient } from './control-client.js';
import { EXIT_INTERRUPTED, EXIT_OUTPUT_CLOSED } from './exit-codes.js';
import { HttpClient } from './http-client.js';
import { createProgram } from './program.js';
import { failureLine } from './render/failure.js';
import { Terminal } from './terminal.js';
import { packageVersion } from './version.js';

process.exitCode = await main(process.argv.slice(2));
// A pipe takes 64 KiB at once: the rest waits in this process for whoever reads.
await Promise.all([written(process.stdout), written(process.stderr)]);
// Nothing is left to do; an idle connection to the peer must not delay the prompt.
process.exit();

async function main(words: readonly string[]): Promise<number> {
  const interrupt = interruption();
  endWithReader();
  let terminal = new Terminal({ stdout: process.stdout, stderr: process.stderr, plainText: true, dumbTerminal: true, unicode: true });
  const end = words.indexOf('--');
  const json = (end === -1 ? words : words.slice(0, end)).includes('--json');
  try {
    const config = readCliConfig();
    terminal = new Terminal({ stdout: process.stdout, stderr: process.stderr, ...config });
    const context = (): CommandContext => ({ client: clientOf(config), terminal, json, interrupt, cwd: process.cwd() });
    const program = createProgram({ version: packageVersion(), context, print: (lines) => terminal.print(lines) });
    await program.parseAsync(words, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    const failure = failureOf(error);
    terminal.note(failureLine(failure, { json, style: terminal.errorStyle }));
    return interrupt.aborted && failure.code === 'CANCELLED' ? EXIT_INTERRUPTED : EXIT_CODES[failure.code];
  }
}

function clientOf(config: CliConfig): ControlClient {
  return new ControlClient(new HttpClient({ url: config.controlUrl, tokenPath: path.join(config.dataDir, 'control.token') }));
}

function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (error instanceof CommanderError) {
    // Without a command commander prints the help, on standard error, and calls that an error.
    const message = error.code === 'commander.help' ? 'a command is missing' : error.message.replace(/^error: /, '').replaceAll('\n', ' ');
    return new Failure('BAD_REQUEST', `${message}; see \`p2p --help\``, { cause: error });
  }
  return new Failure('INTERNAL', `p2p itself failed: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
}

/** The first Ctrl-C asks the command to stop, the second ends it. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  process.on('SIGINT', () => {
    if (controller.signal.aborted) process.exit(EXIT_INTERRUPTED);
    controller.abort();
  });
  return controller.signal;
}

/** When all that was printed there has been taken. */
function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write('', () => resolve()));
}

/** When whoever reads the output goes away (`p2p list | head`) there is nobody left to tell. */
function endWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT_OUTPUT_CLOSED);
    throw error;
  });
}
