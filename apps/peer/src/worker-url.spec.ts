import { describe, expect, it } from 'vitest';
import { workerUrl } from './worker-url.js';

describe('the file of a worker', () => {
  it('is beside the compiled module that starts it', () => {
    expect(workerUrl('./worker.js', 'file:///x/src/app/dist/download/client.js').pathname).toBe('/x/src/app/dist/download/worker.js');
  });

  it('is the compiled one when the module is run as source', () => {
    expect(workerUrl('./worker.js', 'file:///src/app/src/download/client.ts').pathname).toBe('/src/app/dist/download/worker.js');
  });
});
