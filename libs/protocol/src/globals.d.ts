/** The two globals that every runtime has and that TypeScript only knows from a runtime's own types. */
declare global {
  var TextEncoder: new () => { encode(text: string): Uint8Array<ArrayBuffer> };
  var TextDecoder: new (label?: string, options?: { fatal?: boolean }) => { decode(bytes: Uint8Array): string };
}

export {};
