import { Command, Option } from 'commander';
import { Failure } from '@p2p/protocol';
import { cancel, type CancelOptions } from './commands/cancel.js';
import { explain } from './commands/explain.js';
import { get, type GetOptions } from './commands/get.js';
import { leave } from './commands/leave.js';
import { list, type ListOptions } from './commands/list.js';
import { share, type ShareOptions } from './commands/share.js';
import { status } from './commands/status.js';
import { unshare } from './commands/unshare.js';
import { cliSettings } from './config.js';
import type { CommandContext } from './context.js';
import { exitCodeLines } from './exit-codes.js';

export interface ProgramOptions {
  readonly version: string;
  /** Called by a command when its arguments are right. */
  readonly context: () => CommandContext;
  readonly print: (lines: readonly string[]) => void;
}

const DESCRIPTION = [
  'Share files with the peers of your network, and download from all of them at once.',
  'Talks to the peer on this machine; start one with p2p-peer.',
].join('\n');
const GET_DESCRIPTION = [
  'Download a file from all who have it, or follow its download if it runs already.',
  'Ctrl-C cancels the download and keeps what it has.',
].join('\n');
const JSON_HELP = 'print JSON on standard output, and failures as JSON on standard error';
const PROGRESS_HELP = 'with --json: a line of JSON for each step, before the result';

/** The command line. Usage errors are thrown as commander's own errors. */
export function createProgram(options: ProgramOptions): Command {
  const program = new Command('p2p')
    .description(DESCRIPTION)
    .version(options.version, '-V, --version', 'print the version')
    .option('--json', JSON_HELP)
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ outputError: () => undefined })
    .addHelpText('after', environmentHelp());
  addSharing(program, options);
  addDownloading(program, options);
  addExplaining(program, options);
  addPeer(program, options);
  addHelp(program, options);
  return program;
}

function environmentHelp(): string {
  const lines = Object.values(cliSettings).map((each) => `  ${each.variable.padEnd(16)} ${each.description} Default: ${each.defaultText}`);
  return [
    '',
    'Environment:',
    ...lines,
    '',
    'Exit codes: 0 on success, another for each kind of failure; `p2p help exit-codes` lists them.',
  ].join('\n');
}

/** A command with what all have in common. */
function add(program: Command, usage: string, description: string, examples: readonly string[]): Command {
  return program
    .command(usage)
    .description(description)
    .option('--json', JSON_HELP)
    .addHelpText('after', ['', 'Examples:', ...examples.map((each) => `  ${each}`)].join('\n'));
}

function addSharing(program: Command, { context }: ProgramOptions): void {
  add(program, 'share <path...>', 'Share files, or folders with all that is in them.', [
    'p2p share movie.mkv',
    'p2p share dataset/              each file keeps its path in the folder as name',
    'p2p share build.tar --name releases/1.2/build.tar',
  ])
    .option('--name <name>', 'share a file as NAME; for a folder, put NAME before the names of its files')
    .option('--progress', PROGRESS_HELP)
    .action((paths: string[], given: ShareOptions) => share(paths, given, context()));
  add(program, 'unshare <name|file-id>', 'Stop sharing a file. It stays where it is.', ['p2p unshare movie.mkv']).action((target: string) =>
    unshare(target, context()),
  );
  add(program, 'list', 'List the files that can be downloaded: name, size, holders and file id.', [
    'p2p list',
    'p2p list --peer alpha           only what the peer "alpha" holds',
    "p2p list --json | jq -r '.entries[].name'",
  ])
    .option('--peer <id>', 'only what this peer holds')
    .action((given: ListOptions) => list(given, context()));
}

function addDownloading(program: Command, { context }: ProgramOptions): void {
  add(program, 'get <name|file-id>', GET_DESCRIPTION, [
    'p2p get movie.mkv',
    'p2p get movie.mkv --output ~/films/',
    'p2p get movie.mkv --detach      leave it to the peer; `p2p get movie.mkv` follows it later',
  ])
    .option('-o, --output <path>', 'where the file goes (default: downloads/NAME in the data directory of the peer)')
    .option('--overwrite', 'replace another file that is there')
    .option('--detach', 'return as soon as the download has begun')
    .option('--progress', PROGRESS_HELP)
    .addOption(new Option('--trace <file>', 'write what happened to every segment, one JSON object a line').conflicts('detach'))
    .action((target: string, given: GetOptions) => get(target, given, context()));
  add(program, 'cancel <name|file-id>', 'Cancel a download and keep what it has.', [
    'p2p cancel movie.mkv',
    'p2p cancel movie.mkv --discard  remove what it has, too',
  ])
    .option('--discard', 'remove what it has')
    .action((target: string, given: CancelOptions) => cancel(target, given, context()));
}

function addExplaining(program: Command, { context }: ProgramOptions): void {
  add(program, 'explain <file>', 'Draw a flight record of `p2p get --trace`: what came from whom and when, and what bounded the speed.', [
    'p2p get movie.mkv --trace flight.ndjson && p2p explain flight.ndjson',
    "p2p explain flight.ndjson --json | jq -r '.limit'",
  ]).action((file: string) => explain(file, context()));
}

function addPeer(program: Command, { context }: ProgramOptions): void {
  add(program, 'status', 'Show the peer on this machine: its diary, shares, uploads and downloads.', [
    'p2p status',
    "p2p status --json | jq '.downloads[].state'",
  ]).action(() => status(context()));
  add(program, 'leave', 'Let the peer on this machine finish what it owes and go.', ['p2p leave']).action(() => leave(context()));
}

function addHelp(program: Command, { print }: ProgramOptions): void {
  program
    .command('help [topic]')
    .description('Show the help of a command, or "exit-codes".')
    .action((topic: string | undefined) => {
      if (topic === undefined) print([program.helpInformation({ error: false }).trimEnd(), environmentHelp()]);
      else if (topic === 'exit-codes') print(exitCodeLines());
      else {
        const command = program.commands.find((each) => each.name() === topic);
        if (command === undefined) throw new Failure('BAD_REQUEST', `there is no command "${topic}"; \`p2p --help\` lists them`);
        command.outputHelp();
      }
    });
}
