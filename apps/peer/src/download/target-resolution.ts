import { assertFileName, Failure, fileIdSchema, type CatalogueEntry, type FileId } from '@p2p/protocol';
import type { Directory } from '../directory/directory.js';
import type { Holdings } from '../holdings/holdings.js';

/** What a download is about. */
export interface ResolvedTarget {
  readonly id: FileId;
  readonly name: string;
  readonly bytes: number;
}

/** When somebody asked for a download, and when it was known what it is about, on the clock. */
export interface LookupTimes {
  readonly startedAt: number;
  readonly endedAt: number;
}

/**
 * Finds the content that `target` means: 64 hexadecimal digits are an id first, and a name when there is no such id.
 * Throws `NOT_FOUND`, `BAD_NAME`, `DIARY_UNREACHABLE`, and `AMBIGUOUS_NAME` with the ids where a name has several contents.
 */
export async function resolveTarget(
  components: { readonly directory: Directory; readonly holdings: Holdings },
  target: string,
): Promise<ResolvedTarget> {
  const { directory, holdings } = components;
  const id = fileIdSchema.safeParse(target.toLowerCase());
  if (id.success) {
    const own = holdings.get(id.data);
    const [name] = own?.names ?? [];
    if (own !== undefined && name !== undefined) return { id: id.data, name, bytes: own.manifest.fileBytes };
    const [match] = (await directory.find({ id: id.data })).matches;
    if (match !== undefined && match.id === id.data) return match;
  }
  const { matches, total } = await directory.find({ name: assertFileName(target) });
  const [match] = matches;
  if (match === undefined) throw new Failure('NOT_FOUND', `nobody shares a file ${id.success ? 'of the id or ' : ''}named "${target}"`);
  if (matches.length > 1) throw ambiguous(target, matches, Math.max(total, matches.length));
  return match;
}

function ambiguous(name: string, matches: readonly CatalogueEntry[], total: number): Failure {
  const ids = matches.map((match) => `${match.id} (${match.bytes} bytes)`).join(', ');
  const more = total > matches.length ? ` and ${total - matches.length} more` : '';
  return new Failure('AMBIGUOUS_NAME', `${total} contents are shared as "${name}"; ask for one by its id: ${ids}${more}`);
}
