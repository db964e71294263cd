export function binariesDir(): Promise<string>;
export function builtBinaries(): Promise<string>;
