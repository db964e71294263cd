import path from 'node:path';
import type { CommandContext } from '../context.js';
import { readFlightFile } from '../explain/flight-file.js';
import { flightModel, type FlightModel } from '../explain/flight-model.js';
import { flightPicture } from '../explain/picture.js';
import { verdictOf, verdictSentence, type Verdict } from '../explain/verdict.js';
import { jsonLine } from '../render/text.js';

/** `p2p explain`: a flight record as a picture, and what bounded the speed. Needs no peer. */
export async function explain(file: string, { terminal, json, cwd }: Omit<CommandContext, 'client'>): Promise<void> {
  const model = flightModel(await readFlightFile(path.resolve(cwd, file)));
  const verdict = verdictOf(model.file.limits);
  if (json) terminal.print([jsonLine(explanation(model, verdict))]);
  else terminal.print([...flightPicture(model, terminal.frame), '', verdictSentence(verdict)]);
}

function explanation({ file, fromMs, untilMs, fileBytes, lanes, handovers }: FlightModel, verdict: Verdict | undefined): object {
  const { id, name, bytes, startedAt, dropped } = file.head;
  return {
    id,
    name,
    bytes,
    startedAt,
    droppedLines: dropped,
    transferMs: untilMs - fromMs,
    fileBytes,
    limit: verdict?.limit ?? null,
    shares: verdict?.shares ?? null,
    sentence: verdictSentence(verdict),
    sources: lanes.map(({ attempts, ...lane }) => ({ ...lane, attempts: attempts.length })),
    handovers,
  };
}
