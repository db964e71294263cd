// A Python that can run the peer: its version, and BLAKE3 from PyPI in a folder of its own, outside of the repository.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const PYTHON = 'python3';
const PACKAGE = 'blake3';
const PACKAGE_VERSION = '1.0.11';
const MINOR_VERSION_MIN = 11;
/** Asking for a version takes milliseconds; a package comes from the network. */
const ASK_DEADLINE_MS = 30_000;
const INSTALL_DEADLINE_MS = 120_000;
const HOW = 'install Python 3.11 or newer with pip or venv (Debian: apt-get install python3 python3-pip python3-venv)';

/** Why the peer in Python cannot run here and how to enable it, or undefined when it can. */
export async function lacksPython(): Promise<string | undefined> {
  try {
    await pythonPackages();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** How to start the peer: `program` with `PYTHONPATH`. Installs what it needs the first time. Throws with what is missing. */
export async function pythonPackages(): Promise<{ readonly program: string; readonly path: string }> {
  const version = await ask(['-c', 'import sys; print(*sys.version_info[:2], sys.implementation.cache_tag)']).catch(() => '');
  const [major, minor, tag = ''] = version.trim().split(' ');
  if (Number(major) !== 3 || Number(minor) < MINOR_VERSION_MIN)
    throw new Error(`the peer in Python needs ${PYTHON} 3.${MINOR_VERSION_MIN} or newer; ${HOW}`);
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'p2p');
  const path = join(cache, `${tag}-${process.arch}-${PACKAGE}-${PACKAGE_VERSION}`);
  if (!existsSync(path)) await install(path);
  return { program: PYTHON, path };
}

/** Puts the package into `path`, all of it or nothing, with the pip of the machine or else with that of a new venv. */
async function install(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const folder = await mkdtemp(`${path}-`);
  try {
    const pip = await pipIn(join(folder, 'venv'));
    const packages = join(folder, 'packages');
    const wanted = ['--only-binary', ':all:', '--no-deps', '--target', packages, `${PACKAGE}==${PACKAGE_VERSION}`];
    await promisify(execFile)(pip, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...wanted], {
      timeout: INSTALL_DEADLINE_MS,
    }).catch((error: unknown) => {
      throw new Error(`${PACKAGE} ${PACKAGE_VERSION} could not be installed from PyPI, which the peer in Python needs: ${lastLine(error)}`);
    });
    // Another run may have been quicker; what it put there is the same.
    if (!existsSync(path)) await rename(packages, path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A Python that has pip. */
async function pipIn(venv: string): Promise<string> {
  try {
    await ask(['-m', 'pip', '--version']);
    return PYTHON;
  } catch {
    await ask(['-m', 'venv', venv]).catch(() => {
      throw new Error(`the peer in Python needs ${PACKAGE} from PyPI, and ${PYTHON} has neither pip nor venv; ${HOW}`);
    });
    return join(venv, 'bin', 'python3');
  }
}

async function ask(args: readonly string[]): Promise<string> {
  return (await promisify(execFile)(PYTHON, args, { timeout: ASK_DEADLINE_MS })).stdout;
}

function lastLine(error: unknown): string {
  return String(error).trim().split('\n').at(-1) ?? '';
}
