import { Failure } from '@p2p/protocol';

/** Characters of a refused value that are shown: enough to recognise it, too few to flood the one line. */
const SHOWN_LENGTH_MAX = 80;

/** The failure of a value that a setting does not accept. */
export function refusal(setting: { readonly variable: string; readonly range: string }, got: string): Failure {
  const shown = got.length > SHOWN_LENGTH_MAX ? `${got.slice(0, SHOWN_LENGTH_MAX)}…` : got;
  return new Failure('BAD_CONFIG', `${setting.variable} is ${JSON.stringify(shown)}; it must be ${setting.range}`);
}
