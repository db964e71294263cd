/** Nonsense is refused before anything is installed, with a message that names the value and what it accepts. */
import { describe, expect, it } from 'vitest';
import { HELMS, refusal } from './helm.ts';

describe.each(HELMS)('Helm %i refuses', (major) => {
  it.each([
    [{ peer: { replicas: 'two' } }, /peer.replicas.*integer/],
    [{ peer: { replica: 3 } }, /peer.*replica/],
    [{ peer: { compression: 'zip' } }, /peer.compression.*auto.*always.*never/],
  ])('%j', async (values, message) => {
    expect((await refusal(values, major)).replaceAll('\n', ' ')).toMatch(message);
  });
});

describe('refused are', () => {
  it.each([
    [{ peer: { terminationGracePeriodSeconds: 10 } }, /terminationGracePeriodSeconds.*30/],
    [{ peer: { packetDelayMs: -1 } }, /packetDelayMs.*0/],
    [{ peer: { packetDelayMs: '0.5 s' } }, /packetDelayMs/],
    [{ peer: { packetDelayMs: '60000.5' } }, /packetDelayMs is 60000.5; it must be from 0 to 60000/],
    [{ diary: { port: 0 } }, /diary.port.*want 1,?024/],
    [{ diary: { replicas: 2 } }, /diary.*replicas/],
    [{ image: { tag: 1.1 } }, /image.tag.*string/],
    [{ peer: { podDisruptionBudget: { maxUnavailable: 0 } } }, /maxUnavailable/],
    [{ diary: { enabled: false } }, /set peer.diary to the HOST:PORT/],
    [{ peer: { diary: 'somewhere' } }, /peer.diary is "somewhere"; it must be HOST:PORT/],
    [{ peer: { port: 9464 } }, /peer.port, peer.metricsPort and peer.controlPort are \[9464 9464 7070\]; they must differ/],
    [{ diary: { port: 9464 } }, /diary.port and diary.metricsPort are both 9464/],
    [{ peer: { share: [{ name: 'a', configMap: {}, hostPath: {} }] } }, /peer.share\[0\] \(a\) must have a name and one volume source/],
    [
      {
        peer: {
          share: [
            { name: 'a', configMap: { name: 'x' } },
            { name: 'a', configMap: { name: 'y' } },
          ],
        },
      },
      /peer.share has a name twice: a, a/,
    ],
    [{ peer: { share: [{ name: 'Disk_1', emptyDir: {} }] } }, /peer.share.0.name/],
  ])('%j', async (values, message) => {
    expect((await refusal(values)).replaceAll('\n', ' ').replaceAll('/', '.')).toMatch(message);
  });

  it('a hostPath under the restricted standard, with the remedy', async () => {
    const message = await refusal({ peer: { share: [{ name: 'disk', hostPath: { path: '/srv' } }] } });
    expect(message).toContain('does not admit: use a persistentVolumeClaim or a configMap, or set podSecurityStandard=privileged');
  });
});
