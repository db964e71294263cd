/**
 * Where the compiled file of a worker thread is. `relative` names it beside the module that asks, `importMetaUrl` is
 * that module's own. Tests run the TypeScript source, beside which there is no JavaScript: they get the one in dist.
 */
export function workerUrl(relative: string, importMetaUrl: string): URL {
  const url = new URL(relative, importMetaUrl);
  const at = url.pathname.lastIndexOf('/src/');
  if (!importMetaUrl.endsWith('.ts') || at < 0) return url;
  url.pathname = `${url.pathname.slice(0, at)}/dist/${url.pathname.slice(at + '/src/'.length)}`;
  return url;
}
