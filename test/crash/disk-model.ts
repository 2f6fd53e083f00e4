import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Seeded } from '../support/state-tree.ts';
import type { Call } from './trace.ts';

/** What disks write as a whole, in bytes. */
const SECTOR = 512;

/**
 * What a power cut leaves of what was not synced: nothing; everything (as after a kill -9); or, for each sector and each
 * directory, what chance wants.
 */
export type Cut = 'nothing' | 'everything' | 'some';

type Change = { readonly offset: number; readonly data: Uint8Array } | { readonly size: number };

/** The content of a file that grows. */
class Content {
  #bytes = Buffer.alloc(0);
  #size = 0;

  apply(change: Change): void {
    if ('size' in change) this.#resize(change.size);
    else {
      this.#resize(Math.max(this.#size, change.offset + change.data.length));
      this.#bytes.set(change.data, change.offset);
    }
  }

  #resize(size: number): void {
    if (size < this.#size) this.#bytes.fill(0, size, this.#size);
    if (size > this.#bytes.length) {
      const larger = Buffer.alloc(size * 2);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#size = size;
  }

  copy(): Content {
    const copy = new Content();
    copy.#bytes = Buffer.from(this.#bytes);
    copy.#size = this.#size;
    return copy;
  }

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#size);
  }
}

class FileNode {
  readonly #durable = new Content();
  readonly unsynced: Change[] = [];
  /** The end of the file as the process sees it. */
  end = 0;
  syncing = 0;

  sync(): void {
    for (const change of this.unsynced.splice(0, this.syncing)) this.#durable.apply(change);
    this.syncing = 0;
  }

  /** The content after a cut. `share`: how likely an unsynced sector is there. */
  after(share: number, random: Seeded): Uint8Array {
    const content = this.#durable.copy();
    for (const change of this.unsynced) {
      for (const part of sectorsOf(change)) if (random() < share) content.apply(part);
    }
    return content.bytes;
  }
}

/** A change of names that a sync of the directory makes durable. */
type Renaming = ReadonlyMap<string, Node | undefined>;

class FolderNode {
  /** As the process sees it. */
  readonly entries = new Map<string, Node>();
  readonly durable = new Map<string, Node>();
  readonly unsynced: Renaming[] = [];
  syncing = 0;

  change(renaming: Renaming): void {
    this.unsynced.push(renaming);
    put(this.entries, renaming);
  }

  sync(): void {
    for (const renaming of this.unsynced.splice(0, this.syncing)) put(this.durable, renaming);
    this.syncing = 0;
  }

  /** The names after a cut: file systems keep the order of changes in a directory. */
  after(share: number, random: Seeded): Map<string, Node> {
    const entries = new Map(this.durable);
    for (const renaming of this.unsynced) {
      if (random() >= share) break;
      put(entries, renaming);
    }
    return entries;
  }
}

type Node = FileNode | FolderNode;

function put(entries: Map<string, Node>, renaming: Renaming): void {
  for (const [name, node] of renaming) {
    if (node === undefined) entries.delete(name);
    else entries.set(name, node);
  }
}

/** A folder of files, of which it is known what has reached the disk for certain. */
export class DiskModel {
  readonly #path: string;
  readonly #root = new FolderNode();

  /** `path`: the folder whose content is followed; it is empty and durable itself. */
  constructor(path: string) {
    this.#path = path;
  }

  apply(call: Call): void {
    if (call.kind === 'said' || !this.#isFollowed(call.path)) return;
    const { folder, name } = this.#parentOf(call.path);
    const node = folder.entries.get(name);
    if (call.kind === 'create') this.#create(folder, name, node, call.truncate);
    else if (call.kind === 'mkdir') folder.change(new Map([[name, new FolderNode()]]));
    else if (call.kind === 'unlink') folder.change(new Map([[name, undefined]]));
    else if (call.kind === 'rename') this.#rename(folder, name, node, call.to);
    else if (call.kind === 'sync begins') (node ?? this.#root).syncing = (node ?? this.#root).unsynced.length;
    else if (call.kind === 'sync') (node ?? this.#root).sync();
    else if (node instanceof FileNode) write(node, call);
    else throw new Error(`${call.path} was written and never made`);
  }

  /** Makes the files that a cut at this moment leaves. */
  materialise(target: string, cut: Cut, random: Seeded): void {
    const share = cut === 'nothing' ? 0 : cut === 'everything' ? 1 : [0.1, 0.5, 0.9][Math.floor(random() * 3)]!;
    materialise(this.#root, target, share, random);
  }

  #create(folder: FolderNode, name: string, node: Node | undefined, truncate: boolean): void {
    if (node === undefined) folder.change(new Map([[name, new FileNode()]]));
    else if (truncate && node instanceof FileNode) write(node, { kind: 'truncate', path: name, size: 0 });
  }

  #rename(from: FolderNode, name: string, node: Node | undefined, target: string): void {
    const to = this.#parentOf(target);
    if (node === undefined) throw new Error(`${name} was renamed and never made`);
    if (to.folder !== from) from.change(new Map([[name, undefined]]));
    to.folder.change(
      new Map(
        to.folder === from
          ? [
              [name, undefined],
              [to.name, node],
            ]
          : [[to.name, node]],
      ),
    );
  }

  /** The shared memory of SQLite's log is made anew by the first who opens it. */
  #isFollowed(path: string): boolean {
    return (path === this.#path || path.startsWith(`${this.#path}/`)) && !/-shm$|\.sock$/.test(path);
  }

  #parentOf(path: string): { readonly folder: FolderNode; readonly name: string } {
    const names = path.slice(this.#path.length + 1).split('/');
    const name = names.pop() ?? '';
    let folder = this.#root;
    for (const part of names) {
      const next = folder.entries.get(part);
      if (!(next instanceof FolderNode)) throw new Error(`${path} is in no folder`);
      folder = next;
    }
    return { folder, name };
  }
}

function write(node: FileNode, call: Call): void {
  if (call.kind === 'truncate') {
    node.unsynced.push({ size: call.size });
    node.end = call.size;
  } else if (call.kind === 'write') {
    const offset = call.offset ?? node.end;
    node.unsynced.push({ offset, data: call.data });
    node.end = Math.max(node.end, offset + call.data.length);
  }
}

function sectorsOf(change: Change): Change[] {
  if ('size' in change) return [change];
  const parts: Change[] = [];
  for (let at = 0; at < change.data.length; ) {
    const next = Math.min(change.data.length, at + SECTOR - ((change.offset + at) % SECTOR));
    parts.push({ offset: change.offset + at, data: change.data.subarray(at, next) });
    at = next;
  }
  return parts;
}

function materialise(folder: FolderNode, target: string, share: number, random: Seeded): void {
  mkdirSync(target, { recursive: true, mode: 0o700 });
  for (const [name, node] of folder.after(share, random)) {
    if (node instanceof FolderNode) materialise(node, join(target, name), share, random);
    else writeFileSync(join(target, name), node.after(share, random), { mode: 0o600 });
  }
}
