import type { DatabaseSync } from 'node:sqlite';

/** The C library that the program runs on, and its function that gives back what was freed. */
const LIBRARY = 'libc.so.6';
const TRIM = 'malloc_trim';

/**
 * What gives memory back to the system that was freed outside of V8's heap: TLS connections, bodies, what SQLite held. glibc
 * keeps it for as long as something behind it is in use, so that the 3,000 connections of a big join left 30 MB and more
 * for good. `malloc_trim(3)` gives back whole free pages wherever they are, in about 10 ms; Node.js has no way to call it.
 * SQLite has one: it loads extensions by a library and the name of a function, and calls that with three pointers, of which
 * this one takes the first for a number that says how much of the end to keep. It answers 1 when it gave something
 * back, which to SQLite is a failure (docs/decisions/0100). With another C library nothing is given back.
 */
export function freedMemory(): () => void {
  let database: DatabaseSync | undefined;
  return () => {
    // Of its own and empty: nothing is ever loaded into the one with the data.
    database ??= emptyDatabase();
    try {
      database.loadExtension(LIBRARY, TRIM);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_LOAD_SQLITE_EXTENSION') throw error;
    }
  };
}

/** Not imported: a server with PostgreSQL has no other use for it. */
function emptyDatabase(): DatabaseSync {
  return new (process.getBuiltinModule('node:sqlite').DatabaseSync)(':memory:', { allowExtension: true });
}
