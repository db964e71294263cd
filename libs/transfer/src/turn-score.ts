/** Of the name of a downloader: FNV-1a, 32 bit (Fowler, Noll and Vo). */
export function hashOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < id.length; at++) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

/** How well a segment and the hash of a downloader go together: the finalizer of MurmurHash3 (Appleby) on both. */
export function scoreOf(hash: number, segment: number): number {
  let mixed = hash ^ Math.imul(segment + 1, 0x9e3779b1);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
