import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { Stage } from '../tools/stage.ts';

/** Sends the process a signal while it loads its program: long before that could listen for it. */
const SIGNAL_ON_LOAD = `import { registerHooks } from 'node:module';
registerHooks({
  load(url, context, next) {
    if (url.endsWith('/dist/main.js')) process.kill(process.pid, 'SIGTERM');
    return next(url, context);
  },
});`;

// Outside of a container the default would end it, by the signal. The first process of one has no default.
it.each(['diary', 'peer'])('a %s that is told to end while it starts does, and says 0', async (app) => {
  await using stage = await Stage.open();
  const program = fileURLToPath(new URL(`../../apps/${app}/bin/p2p-${app}.js`, import.meta.url));
  const hook = `data:text/javascript,${encodeURIComponent(SIGNAL_ON_LOAD)}`;
  const env = { ...process.env, P2P_DATA_DIR: await stage.path(app, 'data'), P2P_DIARY_PORT: '0', P2P_METRICS_PORT: '0' };
  const child = spawn(process.execPath, ['--import', hook, program], { env, stdio: 'ignore' });
  expect(await once(child, 'close')).toEqual([0, null]);
});
