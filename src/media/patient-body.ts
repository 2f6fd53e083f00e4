import type { Clock } from '../base/clock.ts';
import { MatrixError } from '../core/matrix-error.ts';

/**
 * A client's upload as it arrives. Breaks off when nothing comes for `idleMs`, so that an upload that has died does not
 * hold a file for ever. @throws MatrixError M_UNKNOWN, status 408 or (the client went away) 400
 */
export async function* patientBody(
  body: AsyncIterable<Uint8Array>,
  clock: Clock,
  idleMs: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const chunks = body[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await inTime(chunks.next(), clock, idleMs);
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    // Not awaited: where a read is still pending this waits behind it.
    chunks.return?.().catch(() => undefined);
  }
}

function inTime<T>(read: Promise<T>, clock: Clock, idleMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(idleMs, () =>
      reject(new MatrixError('M_UNKNOWN', 'The upload stopped arriving.', { status: 408 })),
    );
    read
      .then(resolve, cause =>
        reject(new MatrixError('M_UNKNOWN', 'The upload broke off before its end.', { status: 400, cause })),
      )
      .finally(() => timer.cancel());
  });
}
