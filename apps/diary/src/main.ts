import 'reflect-metadata';
import { EXIT_CODES } from '@p2p/protocol';
import { createLogger, onSignals, toFailure } from '@p2p/service';
import { Command } from 'commander';
import { diarySettings, diaryConfig } from './config.js';
import { SHUTDOWN_DEADLINE_MS } from './limits.js';
import { startDiary } from './start-diary.js';

const command = new Command('p2p-diary')
  .description('Runs a diary: the directory of which peer holds which file.')
  .option('--port <port>', portHelp())
  .allowExcessArguments(false)
  .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'BAD_CONFIG: ')) })
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : EXIT_CODES.BAD_CONFIG))
  .addHelpText('after', `\nSettings by environment:\n${settingsHelp()}`)
  .action(run);

await command.parseAsync();

async function run(options: { readonly port?: string }): Promise<void> {
  try {
    const config = diaryConfig(options);
    const logger = createLogger({ level: config.logLevel, app: 'diary' });
    const diary = await startDiary(config, { logger });
    onSignals(() => diary.close(), { logger, deadlineMs: SHUTDOWN_DEADLINE_MS });
    logger.info('listening', { port: diary.port, metricsPort: diary.metricsPort, leaseTtlMs: config.leaseTtlMs });
  } catch (error) {
    const failure = toFailure(error);
    process.stderr.write(`${failure.code}: ${failure.message}\n`);
    process.exit(EXIT_CODES[failure.code]);
  }
}

function portHelp(): string {
  const { variable, defaultText } = diarySettings.port;
  return `port that peers connect to; 0 picks a free one (default: ${variable}, else ${defaultText})`;
}

function settingsHelp(): string {
  return Object.values(diarySettings)
    .map((setting) => `  ${setting.variable.padEnd(18)} ${setting.description} Default ${setting.defaultText}, ${setting.range}.`)
    .join('\n');
}
