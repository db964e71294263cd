export const HELM_VERSIONS: Readonly<Record<3 | 4, string>>;
export function helmPath(major: 3 | 4): string;
export function lacksHelm(): string | undefined;
