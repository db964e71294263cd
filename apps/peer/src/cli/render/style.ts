import { styleText } from 'node:util';

export type Paint = 'bold' | 'dim' | 'green' | 'yellow' | 'red' | 'cyan';

/** How text may look where it goes. */
export interface Style {
  paint(paint: Paint, text: string): string;
  readonly ellipsis: string;
  /** A bar's done part, the end of it that is half a cell, and the rest. */
  readonly bar: { readonly done: string; readonly half: string; readonly rest: string };
  /** How much came, from least to most; where something was lost, and where it was taken over. */
  readonly timeline: { readonly levels: readonly string[]; readonly lost: string; readonly takenOver: string };
  readonly tick: string;
  readonly cross: string;
  readonly none: string;
}

export function createStyle(options: { readonly colour: boolean; readonly unicode: boolean }): Style {
  const paint = options.colour
    ? (format: Paint, text: string): string => styleText(format, text, { validateStream: false })
    : (_: Paint, text: string): string => text;
  return options.unicode
    ? {
        paint,
        ellipsis: '…',
        bar: { done: '━', half: '╸', rest: options.colour ? '━' : '·' },
        timeline: { levels: '▁▂▃▄▅▆▇█'.split(''), lost: '✗', takenOver: '+' },
        tick: '✓',
        cross: '✗',
        none: '–',
      }
    : {
        paint,
        ellipsis: '...',
        bar: { done: '#', half: '', rest: '.' },
        timeline: { levels: '.:-=*#'.split(''), lost: 'x', takenOver: '+' },
        tick: 'ok',
        cross: 'failed',
        none: '-',
      };
}
