/** What the API server says of every kind of render: nothing is made, all is checked as if it were. */
import { expect, it } from 'vitest';
import { render } from '../../chart/helm.ts';
import { VARIANTS } from '../../chart/variants.ts';
import { labOfFile } from '../tools/lab.ts';

const lab = labOfFile('check', async (open) => {
  // A pod is refused whose account is not there.
  for (const name of ['p2p', 'swarm', 'mine']) await open.apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } });
});

it.each(Object.entries(VARIANTS))('%s: accepted without a warning', async (_, values) => {
  const { all } = await render(values);
  const { code, stdout, stderr } = await lab().tryKubectl(['apply', '--dry-run=server', '--validate=strict', '--filename=-'], {
    input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: all }),
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout.trim().split('\n')).toHaveLength(all.length);
});
