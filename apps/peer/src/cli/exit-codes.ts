import { EXIT_CODES } from '@p2p/protocol';

/** After Ctrl-C, as a shell counts it: 128 and the signal's number. */
export const EXIT_INTERRUPTED = 130;

/** When whoever read the output went away, as with `p2p list | head`: 128 and the number of SIGPIPE. */
export const EXIT_OUTPUT_CLOSED = 141;

/** The table as `p2p help exit-codes` prints it. */
export function exitCodeLines(): string[] {
  const rows: [number, string][] = Object.entries(EXIT_CODES).map(([code, exitCode]) => [exitCode, code]);
  return [
    [0, 'success'] as const,
    [1, 'p2p could not start (for instance under too old a Node)'] as const,
    ...rows.toSorted((left, right) => left[0] - right[0]),
    [EXIT_INTERRUPTED, 'interrupted (Ctrl-C)'] as const,
    [EXIT_OUTPUT_CLOSED, 'whoever read the output went away'] as const,
  ].map(([exitCode, meaning]) => `${String(exitCode).padStart(5)}  ${meaning}`);
}
