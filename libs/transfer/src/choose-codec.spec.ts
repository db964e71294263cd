import { describe, expect, it } from 'vitest';
import { chooseCodec, type CodecChoice } from './choose-codec.js';

const MIB = 1024 * 1024;
/** Text on the machine that was measured. */
const text: CodecChoice = {
  mode: 'auto',
  accepted: ['identity', 'deflate', 'zstd'],
  sample: { deflateRatio: 0.14, zstdRatio: 0.17 },
  linkBytesPerSecond: 10 * MIB,
  deflateBytesPerSecond: 226 * MIB,
  zstdBytesPerSecond: 412 * MIB,
  inflateBytesPerSecond: 1018 * MIB,
  unzstdBytesPerSecond: 1428 * MIB,
  receiverBound: false,
};

describe('the codec in mode auto', () => {
  it.each([
    ['a link of 10 KiB/s', 10 * 1024, 'deflate'],
    ['a link of 10 MiB/s', 10 * MIB, 'deflate'],
    ['a link of 60 MiB/s, which deflate cannot fill', 60 * MIB, 'zstd'],
    ['a link of 2 GiB/s', 2048 * MIB, 'identity'],
    ['a link not measured yet', undefined, 'identity'],
  ] as const)('%s > %s: %s', (_, linkBytesPerSecond, codec) => {
    expect(chooseCodec({ ...text, linkBytesPerSecond })).toBe(codec);
  });

  it('the receiver is what the transfer waits for > as it is', () => {
    expect(chooseCodec({ ...text, receiverBound: true })).toBe('identity');
  });

  it('compressing saves less than a tenth > as it is', () => {
    expect(chooseCodec({ ...text, sample: { deflateRatio: 0.92, zstdRatio: 0.92 } })).toBe('identity');
    expect(chooseCodec({ ...text, sample: { deflateRatio: 0.88, zstdRatio: 0.92 } })).toBe('deflate');
  });

  it('the receiver accepts no other > as it is', () => {
    expect(chooseCodec({ ...text, accepted: ['identity'] })).toBe('identity');
    expect(chooseCodec({ ...text, accepted: ['zstd'] })).toBe('zstd');
  });
});

describe('the codec in the other modes', () => {
  it('always > deflate on any link, where accepted', () => {
    expect(chooseCodec({ ...text, mode: 'always', linkBytesPerSecond: undefined, receiverBound: true })).toBe('deflate');
    expect(chooseCodec({ ...text, mode: 'always', accepted: ['zstd'] })).toBe('identity');
  });

  it('never > as it is', () => {
    expect(chooseCodec({ ...text, mode: 'never' })).toBe('identity');
  });

  it.each(['auto', 'always', 'never'] as const)('%s, data that does not compress or was not sampled > as it is', (mode) => {
    expect(chooseCodec({ ...text, mode, sample: { deflateRatio: 1, zstdRatio: 0.98 } })).toBe('identity');
    expect(chooseCodec({ ...text, mode, sample: undefined })).toBe('identity');
  });
});
