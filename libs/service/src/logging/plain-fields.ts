import { Failure } from '@p2p/protocol';

/** Causes of causes that are written: deeper chains are loops or noise. */
const CAUSE_DEPTH_MAX = 4;

const OWN_KEYS: ReadonlySet<string> = new Set(['level', 'time', 'app', 'event']);

/** The fields of one line: the event's name first, errors in a form that JSON can hold. */
export function plainFields(event: string, fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const plain: Record<string, unknown> = { event };
  for (const [key, value] of Object.entries(fields)) {
    if (!OWN_KEYS.has(key)) plain[key] = value instanceof Error ? plainError(value, CAUSE_DEPTH_MAX) : value;
  }
  return plain;
}

function plainError(error: Error, depthLeft: number): Record<string, unknown> {
  const plain: Record<string, unknown> = { name: error.name, message: error.message };
  if ('code' in error && error.code !== undefined) plain['code'] = error.code;
  // An expected failure tells all with its code and sentence; where our own mistakes happened, only the stack tells.
  if (!(error instanceof Failure) || error.code === 'INTERNAL') plain['stack'] = error.stack;
  if (error.cause !== undefined) {
    plain['cause'] =
      error.cause instanceof Error ? (depthLeft > 0 ? plainError(error.cause, depthLeft - 1) : error.cause.message) : error.cause;
  }
  return plain;
}
