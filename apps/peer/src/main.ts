import 'reflect-metadata';
import { EXIT_CODES } from '@p2p/protocol';
import { createLogger, isTracingOn, onSignals, startTracing, toFailure, type Setting } from '@p2p/service';
import { Command } from 'commander';
import { packageVersion } from './cli/version.js';
import { peerSettings, readPeerConfig, type PeerOverrides } from './config.js';
import { STOP_DEADLINE_MS } from './limits.js';
import { Peer } from './peer.js';

const command = new Command('p2p-peer')
  .description('Runs a peer: shares files, serves them, and downloads.')
  .option('--id <id>', `who this peer is (default: ${peerSettings.peerId.variable})`)
  .option('--diary <host:port>', `the diary to join (default: ${peerSettings.diary.variable})`)
  .option('--delay-ms <ms>', `artificial delay for every packet sent (default: ${peerSettings.packetDelayMs.variable})`)
  .allowExcessArguments(false)
  .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'BAD_CONFIG: ')) })
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : EXIT_CODES.BAD_CONFIG))
  .addHelpText('after', `\nSettings by environment:\n${settingsHelp(Object.values(peerSettings))}`)
  .action(run);

await command.parseAsync();

async function run(overrides: PeerOverrides): Promise<void> {
  try {
    const config = readPeerConfig(overrides);
    const logger = createLogger({ level: config.logLevel, app: 'peer' }).child({ peer: config.peerId });
    const tracing = await startTracing({
      isOn: isTracingOn(config),
      service: config.serviceName,
      instance: config.peerId,
      version: packageVersion(),
      logger,
    });
    const peer = await Peer.start(config, {
      logger,
      tracer: tracing.tracer,
      onEnd: ({ failure }) => {
        if (failure === undefined) process.kill(process.pid, 'SIGTERM');
        else fail(failure);
      },
    });
    const stop = async (): Promise<void> => {
      await peer.stop();
      await tracing.stop();
    };
    onSignals(stop, { logger, deadlineMs: STOP_DEADLINE_MS });
    logger.info('listening', { ...peer.ports, controlHost: config.controlHost, dataDir: config.dataDir });
  } catch (error) {
    fail(error);
  }
}

function fail(error: unknown): never {
  const failure = toFailure(error);
  process.stderr.write(`${failure.code}: ${failure.message}\n`);
  process.exit(EXIT_CODES[failure.code]);
}

function settingsHelp(settings: readonly Setting<unknown>[]): string {
  return settings
    .map(({ variable, description, defaultText, range }) => {
      const theDefault = defaultText === '' ? '' : ` Default ${defaultText}.`;
      return `  ${variable.padEnd(22)} ${description}${theDefault} Accepts ${range}.`;
    })
    .join('\n');
}
