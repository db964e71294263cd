export function binariesDir(): Promise<string>;
