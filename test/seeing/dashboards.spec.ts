// What every dashboard must be, whatever it shows. What its expressions return is seen in live.spec.ts.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { DASHBOARDS, PANELS, RULES_FILE } from './dashboards.ts';

const execute = promisify(execFile);
const path = (name: string): string => fileURLToPath(new URL(`../../grafana/${name}`, import.meta.url));

describe('the files of grafana/', () => {
  it('are what their source makes', async () => {
    await expect(execute(process.execPath, [path('src/write.ts'), '--check'])).resolves.toBeDefined();
  });

  it('the rules are valid, and fire when they must and only then', async () => {
    const { stdout } = await execute('promtool', ['check', 'rules', RULES_FILE]);
    expect(stdout).toContain('SUCCESS: 9 rules found');
    await expect(execute('promtool', ['test', 'rules', path('rules/p2p.rules.test.yaml')])).resolves.toBeDefined();
  });
});

describe('the runbook', () => {
  it('has a chapter for every alert', () => {
    const alerts = [...readFileSync(RULES_FILE, 'utf8').matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
    const chapters = [...readFileSync(path('../docs/RUNBOOK.md'), 'utf8').matchAll(/^### (\w+)$/gm)].map(([, name]) => name);
    expect(chapters).toEqual(alerts);
  });
});

describe.each(DASHBOARDS)('dashboard $title', ({ uid, panels, templating, annotations }) => {
  it('has an id of its own, the variables that people choose by, and a mark where a peer departs', () => {
    expect(DASHBOARDS.filter((each) => each.uid === uid)).toHaveLength(1);
    expect(templating.list.map(({ name }) => name)).toEqual(['datasource', 'namespace', 'release', 'pod']);
    expect(annotations.list.map(({ name }) => name)).toContain('A peer departed');
  });

  it('uses every variable it has, and none that it has not', () => {
    const text = JSON.stringify({ panels, annotations, queries: templating.list.map(({ definition }) => definition) });
    const used = new Set([...text.matchAll(/\$\{?(\w+)/g)].map(([, name]) => name));
    // Grafana's own begin with two underscores.
    const own = [...used].filter((name) => name?.startsWith('__') !== true);
    expect(new Set(own)).toEqual(new Set(templating.list.map(({ name }) => name)));
  });
});

describe.each(PANELS)('$dashboard: $title', ({ panel }) => {
  it('has a unit, a description, and a query with a legend', () => {
    expect(panel.fieldConfig?.defaults.unit).toMatch(/^\w+$/);
    expect(panel.description).toMatch(/^[A-Z].*\.$/);
    expect(panel.targets).not.toHaveLength(0);
    for (const { expr, legendFormat } of panel.targets ?? []) {
      expect(expr).not.toBe('');
      expect(legendFormat).toMatch(/\S/);
    }
  });
});
