import type { Budget } from '../base/budget.ts';
import { ByteCache } from '../base/byte-cache.ts';
import type { ServerName, UserId } from '../core/ids.ts';
import type { Queryable, Tx } from '../db/database.ts';
import { type Sql, sql } from '../db/sql.ts';

interface NameTable {
  readonly name: string;
  readonly find: (names: readonly string[]) => Sql;
  readonly names: (nids: readonly number[]) => Sql;
  readonly insert: (tx: Tx, names: readonly string[]) => Promise<void>;
}

/**
 * The numbers that stand for user IDs, server names, event types and state keys. Numbers are never reused, so both
 * directions are cached; what a transaction gives out is cached only once it is durable.
 */
class NidTable<Name extends string> {
  readonly #table: NameTable;
  readonly #byName: ByteCache<number>;
  readonly #byNid: ByteCache<Name>;

  constructor(table: NameTable, budget: Budget, weight: number) {
    this.#table = table;
    this.#byName = new ByteCache({ name: `${table.name}_nid`, budget, weight, sizeOf: () => 8 });
    this.#byNid = new ByteCache({
      name: `${table.name}_name`,
      budget,
      weight,
      sizeOf: name => name.length * 2,
    });
  }

  /** The numbers of the names that have one. */
  async find(db: Queryable, names: Iterable<Name>): Promise<Map<Name, number>> {
    const found = new Map<Name, number>();
    const missing = new Set<Name>();
    for (const name of names) {
      const nid = this.#byName.get(name);
      if (nid === undefined) missing.add(name);
      else found.set(name, nid);
    }
    if (missing.size === 0) return found;
    for (const row of await db.all<{ nid: number; name: Name }>(this.#table.find([...missing])))
      found.set(row.name, row.nid);
    const remember = () => {
      for (const name of missing) this.#remember(name, found.get(name));
    };
    // What a transaction sees may be its own and be rolled back.
    if (isTransaction(db)) db.afterCommit(remember);
    else remember();
    return found;
  }

  async findOne(db: Queryable, name: Name): Promise<number | undefined> {
    return (await this.find(db, [name])).get(name);
  }

  /** The numbers of all the names, given out where they are new. */
  async intern(tx: Tx, names: Iterable<Name>): Promise<Map<Name, number>> {
    const wanted = new Set(names);
    const found = await this.find(tx, wanted);
    const missing = [...wanted].filter(name => !found.has(name));
    if (missing.length > 0) await this.#give(tx, missing, found);
    return found;
  }

  async #give(tx: Tx, missing: readonly Name[], found: Map<Name, number>): Promise<void> {
    // One order for all writers, so that two transactions that give out the same names cannot wait for each other.
    await this.#table.insert(tx, missing.toSorted());
    for (const row of await tx.all<{ nid: number; name: Name }>(this.#table.find(missing)))
      found.set(row.name, row.nid);
    tx.afterCommit(() => {
      for (const name of missing) this.#remember(name, found.get(name));
    });
  }

  async internOne(tx: Tx, name: Name): Promise<number> {
    const nid = (await this.intern(tx, [name])).get(name);
    if (nid === undefined) throw new Error(`no number was given to ${name}`);
    return nid;
  }

  /** The names of numbers; numbers that were never given are left out. */
  async names(db: Queryable, nids: Iterable<number>): Promise<Map<number, Name>> {
    const found = new Map<number, Name>();
    const missing = new Set<number>();
    for (const nid of nids) {
      const name = this.#byNid.get(String(nid));
      if (name === undefined) missing.add(nid);
      else found.set(nid, name);
    }
    if (missing.size === 0) return found;
    for (const row of await db.all<{ nid: number; name: Name }>(this.#table.names([...missing]))) {
      found.set(row.nid, row.name);
      if (!('isTransaction' in db)) this.#remember(row.name, row.nid);
    }
    return found;
  }

  async name(db: Queryable, nid: number): Promise<Name> {
    const name = (await this.names(db, [nid])).get(nid);
    if (name === undefined) throw new Error(`${this.#table.name} ${nid} does not exist`);
    return name;
  }

  #remember(name: Name, nid: number | undefined): void {
    if (nid === undefined) return;
    this.#byName.set(name, nid);
    this.#byNid.set(String(nid), name);
  }
}

function isTransaction(db: Queryable): db is Tx {
  return 'isTransaction' in db;
}

function domainOfUser(userId: string): string {
  return userId.slice(userId.indexOf(':') + 1);
}

const domainTable: NameTable = {
  name: 'domain',
  find: names => sql`select nid, name from domain where name ${sql.in(names)}`,
  names: nids => sql`select nid, name from domain where nid ${sql.in(nids)}`,
  insert: async (tx, names) => {
    for (const name of names) await tx.run(sql`insert into domain (name) values (${name}) on conflict do nothing`);
  },
};

const typeTable: NameTable = {
  name: 'state_type',
  find: names => sql`select nid, type as name from state_type where type ${sql.in(names)}`,
  names: nids => sql`select nid, type as name from state_type where nid ${sql.in(nids)}`,
  insert: async (tx, names) => {
    for (const name of names) await tx.run(sql`insert into state_type (type) values (${name}) on conflict do nothing`);
  },
};

const keyTable: NameTable = {
  name: 'state_key',
  find: names => sql`select nid, state_key as name from state_key where state_key ${sql.in(names)}`,
  names: nids => sql`select nid, state_key as name from state_key where nid ${sql.in(nids)}`,
  insert: async (tx, names) => {
    for (const name of names)
      await tx.run(sql`insert into state_key (state_key) values (${name}) on conflict do nothing`);
  },
};

function userTable(domains: NidTable<ServerName>): NameTable {
  return {
    name: 'user',
    find: names => sql`select nid, user_id as name from user_name where user_id ${sql.in(names)}`,
    names: nids => sql`select nid, user_id as name from user_name where nid ${sql.in(nids)}`,
    insert: async (tx, names) => {
      const nids = await domains.intern(tx, new Set(names.map(name => domainOfUser(name) as ServerName)));
      for (const name of names) {
        const domain = nids.get(domainOfUser(name) as ServerName) ?? null;
        await tx.run(
          sql`insert into user_name (user_id, domain_nid) values (${name}, ${domain}) on conflict do nothing`,
        );
      }
    },
  };
}

/** All number tables of the database. */
export class Nids {
  readonly domains: NidTable<ServerName>;
  readonly users: NidTable<UserId>;
  readonly types: NidTable<string>;
  readonly stateKeys: NidTable<string>;

  constructor(budget: Budget) {
    this.domains = new NidTable(domainTable, budget, 10);
    this.users = new NidTable(userTable(this.domains), budget, 40);
    this.types = new NidTable(typeTable, budget, 5);
    this.stateKeys = new NidTable(keyTable, budget, 40);
  }
}
