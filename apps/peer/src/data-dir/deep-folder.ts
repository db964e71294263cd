import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';

/**
 * Makes a folder and those above it that are missing. Node's own `recursive` tries for ever, on a thread of its pool, where
 * a folder is there in which none can be made and the system says `ENOENT`, as in /proc. `mode` is that of the folders made. Throws what the system says.
 */
export async function makeDeepFolder(folder: string, mode = 0o777): Promise<void> {
  const parent = path.dirname(folder);
  if (await isFolder(folder)) return;
  if (parent !== folder) await makeDeepFolder(parent, mode);
  try {
    await mkdir(folder, { mode });
  } catch (error) {
    // Somebody else may have made it meanwhile.
    if (!(await isFolder(folder))) throw error;
  }
}

async function isFolder(candidate: string): Promise<boolean> {
  return stat(candidate).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
