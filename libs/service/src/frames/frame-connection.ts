import type { TcpContext } from '@nestjs/microservices';
import type { Observable } from 'rxjs';

/** A connection, as the handlers of its requests see it. */
export interface FrameConnection {
  /** Never used twice in one process. */
  readonly id: number;
  readonly remoteAddress: string;
  readonly localAddress: string;
  /** Emits once and completes when the connection is gone; replays it. */
  readonly closed: Observable<void>;
  /** Bodies that have been answered and have not left yet. */
  readonly queuedBodies: number;
  /** How fast bodies have lately drained while there were some: the pace where there is one. Undefined until known. */
  readonly linkBytesPerSecond: number | undefined;
  destroy(): void;
}

/** The connection on which a request came to a `FrameServer`. */
export function connectionOf(context: TcpContext): FrameConnection {
  return context.getSocketRef() as unknown as FrameConnection;
}
