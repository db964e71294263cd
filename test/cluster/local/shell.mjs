// Running programs to their end, with their errors told whole.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;

/** Runs a program; returns what it printed. Throws with what it said when it fails. */
export async function run(program, args, options = {}) {
  try {
    const { stdout } = await execute(program, args, { maxBuffer: OUTPUT_BYTES_MAX, ...options });
    return stdout.trim();
  } catch (error) {
    throw new Error(`${program} ${args.join(' ')}: ${error.stderr?.trim() || error.message}`, { cause: error });
  }
}

/** Runs a program whose failure means that there was nothing to do. */
export async function attempt(program, args) {
  try {
    return await run(program, args);
  } catch {
    return undefined;
  }
}

/** Runs a program with its output on ours. */
export async function show(program, args, options = {}) {
  const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'], ...options });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}`);
}

/** One step, told with how long it took. */
export async function step(title, work) {
  const startedAt = performance.now();
  process.stdout.write(`${title} … `);
  try {
    const result = await work();
    console.log(`${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
    return result;
  } catch (error) {
    console.log('failed');
    throw error;
  }
}
