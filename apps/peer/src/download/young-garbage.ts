import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Collects what died young. A decoded segment is a buffer outside the heap, and what an inflater holds natively V8 does
 * not even know of: left alone, such garbage grew to 100 MiB before a collection was thought worth it. A collection of
 * the nearly empty young heap of the worker thread takes no time that could be measured.
 */
export function youngGarbageCollector(): () => void {
  // Contexts that are made from now on have it; nothing else changes.
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as NodeJS.GCFunction;
  return () => collect({ type: 'minor' });
}
