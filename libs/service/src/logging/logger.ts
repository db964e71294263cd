import { pino, type DestinationStream, type Logger as Pino } from 'pino';
import { plainFields } from './plain-fields.js';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export type LogFields = Readonly<Record<string, unknown>>;

/**
 * Tells what happened, one event a call. An event is a short constant name ("listening"); what varies goes into the
 * fields. Errors among the fields are written with their code, message and causes; `level`, `time`, `app` and `event`
 * are the logger's own and cannot be given as fields.
 */
export interface Logger {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
  /** A logger that adds these fields to every line. */
  child(fields: LogFields): Logger;
}

export interface LoggerOptions {
  readonly level: LogLevel;
  /** Which program it is: "diary" or "peer". */
  readonly app: string;
  /** Standard output, unless a test wants the lines. */
  readonly destination?: NodeJS.WritableStream;
}

/** A logger that writes one JSON object a line. Lines are written at once, so that a crash loses none. */
export function createLogger(options: LoggerOptions): Logger {
  const settings = {
    level: options.level,
    base: { app: options.app },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const destination: DestinationStream = options.destination ?? pino.destination({ dest: 1, sync: true });
  return new PinoLogger(pino(settings, destination), {});
}

class PinoLogger implements Logger {
  readonly #pino: Pino;
  /** Fields of every line. Kept here rather than in pino's child, which would write a key twice when a line has it too. */
  readonly #fields: LogFields;

  constructor(logger: Pino, fields: LogFields) {
    this.#pino = logger;
    this.#fields = fields;
  }

  debug(event: string, fields?: LogFields): void {
    this.#write('debug', event, fields);
  }

  info(event: string, fields?: LogFields): void {
    this.#write('info', event, fields);
  }

  warn(event: string, fields?: LogFields): void {
    this.#write('warn', event, fields);
  }

  error(event: string, fields?: LogFields): void {
    this.#write('error', event, fields);
  }

  child(fields: LogFields): Logger {
    return new PinoLogger(this.#pino, { ...this.#fields, ...fields });
  }

  #write(level: 'debug' | 'info' | 'warn' | 'error', event: string, fields: LogFields | undefined): void {
    // Asked first: most debug lines are not written, and copying their fields would be for nothing.
    if (!this.#pino.isLevelEnabled(level)) return;
    this.#pino[level](plainFields(event, { ...this.#fields, ...fields }));
  }
}
