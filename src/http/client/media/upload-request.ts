import type { Requester } from '../../../accounts/requester.ts';
import { MatrixError } from '../../../core/matrix-error.ts';
import type { UploadRequest } from '../../../media/uploads.ts';
import type { Query } from '../../query.ts';

interface Request {
  readonly user: Requester;
  readonly query: Query;
  readonly header: (name: string) => string | undefined;
}

/** What both upload endpoints read from a request, but for the body. @throws MatrixError M_GUEST_ACCESS_FORBIDDEN */
export function uploadRequest({ user, query, header }: Request): Omit<UploadRequest, 'body'> {
  refuseGuests(user);
  const length = Number(header('content-length') ?? Number.NaN);
  return {
    userNid: user.userNid,
    contentType: header('content-type'),
    fileName: query.get('filename'),
    announcedBytes: Number.isSafeInteger(length) ? length : undefined,
  };
}

/** Uploading is not in the list of what guests may do (client-server API, "Guest access"). */
export function refuseGuests(user: Requester): void {
  if (user.isGuest) throw new MatrixError('M_GUEST_ACCESS_FORBIDDEN', 'Guests cannot upload files.');
}
