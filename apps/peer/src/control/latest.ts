import type { Observable } from 'rxjs';

/**
 * The values of an observable for a reader who may be slow: it gets the latest one and misses those between, so that
 * nothing piles up. The last value and the failure are never missed. Stops listening when `signal` aborts or the reader
 * stops reading.
 */
export async function* latestOf<T>(source: Observable<T>, signal: AbortSignal): AsyncGenerator<T, void, undefined> {
  let latest: { readonly value: T } | undefined;
  let end: { readonly error?: unknown } | undefined;
  let wake: () => void = () => undefined;
  const onAbort = (): void => wake();
  const subscription = source.subscribe({
    next: (value) => {
      latest = { value };
      wake();
    },
    error: (error: unknown) => {
      end = { error };
      wake();
    },
    complete: () => {
      end = {};
      wake();
    },
  });
  signal.addEventListener('abort', onAbort);
  try {
    while (!signal.aborted) {
      if (latest !== undefined) {
        const { value } = latest;
        latest = undefined;
        yield value;
      } else if (end !== undefined) {
        if ('error' in end) throw end.error;
        return;
      } else {
        await new Promise<void>((resolve) => (wake = resolve));
      }
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    subscription.unsubscribe();
  }
}
