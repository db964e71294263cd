import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import type { TcpContext } from '@nestjs/microservices';
import { Observable } from 'rxjs';
import type { DiaryMetrics } from '../metrics.js';

/** Times every request to its first answer, or to its failure. Only patterns that have a handler come here, so labels are few. */
export class RequestTimingInterceptor implements NestInterceptor {
  readonly #metrics: DiaryMetrics;

  constructor(metrics: DiaryMetrics) {
    this.#metrics = metrics;
  }

  intercept(context: ExecutionContext, next: CallHandler<unknown>): Observable<unknown> {
    const request = context.switchToRpc().getContext<TcpContext>().getPattern();
    const beganMs = performance.now();
    let isTimed = false;
    const timed = (): void => {
      if (isTimed) return;
      isTimed = true;
      this.#metrics.requestDuration.observe({ request }, (performance.now() - beganMs) / 1000);
    };
    return new Observable((subscriber) =>
      next.handle().subscribe({
        next: (answer) => {
          timed();
          subscriber.next(answer);
        },
        error: (error: unknown) => {
          timed();
          subscriber.error(error);
        },
        complete: () => {
          timed();
          subscriber.complete();
        },
      }),
    );
  }
}
