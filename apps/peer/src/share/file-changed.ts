import { Failure } from '@p2p/protocol';

/** What a downloader is told of a file that is not what it was. The path is for the log: it is nobody else's business. */
export function fileChanged(path: string): Failure {
  return new Failure('FILE_CHANGED', 'the shared file changed or vanished on disk; look for its new version under its name', {
    cause: path,
  });
}
