import stringWidth from 'string-width';

/**
 * What a terminal obeys or hides instead of showing: control characters, marks that turn the direction of text around,
 * invisible format characters, line separators, and halves of surrogate pairs. The joiners of scripts and emoji (U+200C,
 * U+200D) stay.
 */
// eslint-disable-next-line no-control-regex -- control characters are what this is about
const UNSAFE = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** `text` as it may be shown on a terminal: a name comes from whoever shared it. */
export function safe(text: string): string {
  return text.replace(UNSAFE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

/** One line of JSON, with what a terminal would obey written as escapes, which mean the same in JSON. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value).replace(UNSAFE, (character) =>
    Array.from({ length: character.length }, (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`).join(''),
  );
}

/** Cells that `text` takes on a terminal; colours take none, CJK and emoji two. */
export function cellsOf(text: string): number {
  return stringWidth(text);
}

export function padEnd(text: string, cells: number): string {
  return text + ' '.repeat(Math.max(0, cells - cellsOf(text)));
}

export function padStart(text: string, cells: number): string {
  return ' '.repeat(Math.max(0, cells - cellsOf(text))) + text;
}

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** `text` without colours in at most `cells` cells: the middle goes first, because names differ at their ends. */
export function shorten(text: string, cells: number, ellipsis: string): string {
  if (cellsOf(text) <= cells) return text;
  const pieces = Array.from(graphemes.segment(text), (each) => each.segment);
  let room = cells - cellsOf(ellipsis);
  let head = '';
  let tail = '';
  for (let first = 0, last = pieces.length - 1; first <= last;) {
    const fromHead = cellsOf(head) <= cellsOf(tail);
    const piece = pieces[fromHead ? first++ : last--] ?? '';
    if (cellsOf(piece) > room) break;
    room -= cellsOf(piece);
    if (fromHead) head += piece;
    else tail = piece + tail;
  }
  return room < 0 ? '' : head + ellipsis + tail;
}

/** The parts that fit into `cells`, from the first on, with two spaces between. */
export function joinFitting(parts: readonly string[], cells: number): string {
  let line = '';
  for (const part of parts) {
    const next = line === '' ? part : `${line}  ${part}`;
    if (cellsOf(next) > cells) break;
    line = next;
  }
  return line;
}
