import type { Database, Queryable, Tx } from '../../src/db/database.ts';
import type { Row, Sql } from '../../src/db/sql.ts';

/** What was asked of a database. */
export interface Count {
  statements: number;
  transactions: number;
  rows: number;
}

/** A database that counts what is asked of it. Whoever disposes of it disposes of nothing. */
export function counted(db: Database): { readonly db: Database; readonly count: Count } {
  const count: Count = { statements: 0, transactions: 0, rows: 0 };
  const asking = (inner: Queryable): Queryable => ({
    async all<R extends object = Row>(query: Sql) {
      const rows = await inner.all<R>(query);
      count.statements++;
      count.rows += rows.length;
      return rows;
    },
    async get<R extends object = Row>(query: Sql) {
      const row = await inner.get<R>(query);
      count.statements++;
      count.rows += row === undefined ? 0 : 1;
      return row;
    },
    async run(query) {
      count.statements++;
      return inner.run(query);
    },
  });
  return {
    count,
    db: {
      ...asking(db),
      dialect: db.dialect,
      tx: work => {
        count.transactions++;
        return db.tx((tx: Tx) => work(Object.assign(Object.create(tx) as Tx, asking(tx))));
      },
      stream: query => db.stream(query),
      fence: () => undefined,
      script: text => db.script(text),
      [Symbol.asyncDispose]: async () => undefined,
    },
  };
}
