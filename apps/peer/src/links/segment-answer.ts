import { Failure, type SegmentAnswer } from '@p2p/protocol';
import type { SegmentFetch } from './peer-link.js';

/** Why an answer is not one to what was asked, as `CORRUPT`: nothing of it may be believed then. */
export function segmentAnswerProblem(answer: SegmentAnswer, fetch: SegmentFetch): Failure | undefined {
  const { request, segment, codec, rawBytes, bodyBytes } = answer;
  if (request !== fetch.request || segment !== fetch.segment) {
    return new Failure('CORRUPT', `segment ${segment} for request ${request} came where ${fetch.segment} for ${fetch.request} was asked`);
  }
  if (!fetch.codecs.includes(codec)) return new Failure('CORRUPT', `a segment came as ${codec}, which was not asked for`);
  if (rawBytes !== fetch.target.length) {
    return new Failure('CORRUPT', `a segment of ${rawBytes} bytes came where one of ${fetch.target.length} was asked`);
  }
  if (codec === 'identity' ? bodyBytes !== rawBytes : bodyBytes > rawBytes) {
    return new Failure('CORRUPT', `a body of ${bodyBytes} bytes came for ${rawBytes} bytes of segment as ${codec}`);
  }
  return undefined;
}
