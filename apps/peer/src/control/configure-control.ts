import type { NestExpressApplication } from '@nestjs/platform-express';
import { CONTROL_BODY_BYTES_MAX, CONTROL_CONNECTIONS_MAX } from '../limits.js';
import { ControlFilter } from './control-filter.js';
import { door, type DoorOptions } from './door.js';

/**
 * Puts the door, the body parser and the shape of failures in front of the control API's routes. The application must
 * be made with `bodyParser: false` (the door comes first) and `forceCloseConnections: true` (a stream that somebody
 * follows must not keep a leaving peer), and must not listen yet.
 */
export function configureControl(app: NestExpressApplication, options: DoorOptions): void {
  app.disable('x-powered-by');
  app.disable('etag');
  // One value a name: "?a[b]=c" is no structure here.
  app.set('query parser', 'simple');
  app.use(door(options));
  app.useBodyParser('json', { limit: CONTROL_BODY_BYTES_MAX });
  app.useGlobalFilters(new ControlFilter(options.logger));
  app.getHttpServer().maxConnections = CONTROL_CONNECTIONS_MAX;
}
