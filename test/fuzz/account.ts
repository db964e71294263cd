// What was sent and what must have come of it, summed over all connections of a storm.
export class Account {
  inputs = 0;
  connections = 0;
  answers = 0;
  /** Requests sent right before a frame that closed their connection: answered, but nobody could read it. */
  unread = 0;
  /** By code: connections that had to be closed, and requests that were refused. */
  readonly cutOff = new Map<string, number>();
  readonly refused = new Map<string, number>();
  /** Of the first inputs that went wrong, with how to see it again. */
  readonly problems: string[] = [];

  cut(code: string, count = 1): void {
    add(this.cutOff, code, count);
  }

  refuse(refusals: ReadonlyMap<string, number>): void {
    for (const [code, count] of refusals) add(this.refused, code, count);
  }

  summary(): string {
    const list = (counts: ReadonlyMap<string, number>): string => [...counts].map(([code, count]) => `${code} ${count}`).join(', ');
    return `${this.inputs} inputs, ${this.connections} connections, ${this.answers} answers; refused: ${list(this.refused)}; cut off: ${list(this.cutOff)}`;
  }
}

function add(counts: Map<string, number>, code: string, count: number): void {
  counts.set(code, (counts.get(code) ?? 0) + count);
}
