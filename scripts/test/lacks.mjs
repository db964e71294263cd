import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** A check for a suite: which of the programs are not on the PATH, and how to get them; undefined when all are. */
export function lacksPrograms(programs, remedy) {
  return () => {
    const missing = programs.filter((program) => !isInstalled(program));
    return missing.length === 0 ? undefined : `${missing.join(', ')} not found: ${remedy}`;
  };
}

function isInstalled(program) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
