export function lacksPrograms(programs: readonly string[], remedy: string): () => string | undefined;
