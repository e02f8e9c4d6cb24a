/** Before a run writes a snapshot: what that needs is retained for long enough, and noted with it. */
import { DomainError } from "../../base/errors.ts";
import type { FindingSink } from "../../base/finding.ts";
import type { HexId } from "../../base/ids.ts";
import type { Snapshot } from "../format/snapshot.ts";
import { IndexReader } from "../index/index-reader.ts";
import { loadCached } from "../open-index.ts";
import type { Session } from "../session.ts";
import { type Extension, extendFor } from "./extend.ts";
import type { RetentionDates } from "./immutability.ts";
import { ledgerOf, withLedger } from "./ledger.ts";

export interface PointRetainerOptions {
  /** Packs that this run has stored, and that may be more by each call. */
  readonly newPacks: ReadonlySet<HexId>;
  /** Is told of files that a point needs and that are gone. */
  readonly report: FindingSink;
}

/** For the snapshots of one run. */
export class PointRetainer {
  readonly #options: PointRetainerOptions;
  #session: Session;
  /** By who and what a snapshot is of, the ledger of the latest. */
  readonly #ledgers = new Map<string, HexId>();

  constructor(session: Session, options: PointRetainerOptions) {
    this.#session = session;
    this.#options = options;
    for (const { snapshot } of session.snapshots) {
      const ledger = ledgerOf(snapshot);
      if (ledger !== undefined) this.#ledgers.set(groupOf(snapshot), ledger);
    }
  }

  /**
   * Everything that the run stored must be in an index file. Without a retention it only takes away a note of another repository's.
   *
   * @returns what is to be written
   */
  async retain(snapshot: Snapshot): Promise<Snapshot> {
    const dates = this.#session.repository.retention;
    if (dates === undefined) return withLedger(snapshot, undefined);
    try {
      const { ledger } = await this.extend(snapshot, dates);
      return withLedger(snapshot, ledger);
    } catch (error) {
      if (!(error instanceof DomainError) || error.kind !== "corrupt") throw error;
      // A snapshot that is not protected as a whole is better than none.
      const message = `Cannot put all that the snapshot needs under Object Lock: ${error.message}`;
      this.#options.report({ grade: "critical", code: "point_not_retained", object: this.#session.repository.store.url, message });
      return withLedger(snapshot, undefined);
    }
  }

  /** Of one that there is, or will be. @throws {DomainError} corrupt/blob_missing, and what a damaged tree is refused with */
  async extend(snapshot: Snapshot, dates: RetentionDates): Promise<Extension> {
    this.#session = await withNewIndexFiles(this.#session);
    const group = groupOf(snapshot);
    const options = { ...this.#options, dates, tree: snapshot.tree, parentLedger: this.#ledgers.get(group) };
    const extension = await extendFor(this.#session, options);
    this.#ledgers.set(group, extension.ledger);
    return extension;
  }
}

function groupOf({ hostname, paths }: Snapshot): string {
  return JSON.stringify([hostname, paths.toSorted()]);
}

/** The session, its index with all that was added since it began. */
async function withNewIndexFiles(session: Session): Promise<Session> {
  const { repository, cache, index, indexFiles, signal } = session;
  const listed = await Array.fromAsync(repository.files.list("index", { signal }), ({ id }) => id);
  const added = listed.filter((id) => !indexFiles.has(id));
  const reader = new IndexReader(index, repository.masterKey);
  for (const id of added) {
    try {
      reader.read(new Uint8Array(await loadCached(repository, "index", id, { cache, signal })));
    } catch (error) {
      // One of another writer: what it names and this point needs is missed later on.
      if (!(error instanceof DomainError) || error.kind !== "corrupt") throw error;
    }
  }
  return added.length === 0 ? session : { ...session, indexFiles: new Set([...indexFiles, ...added]) };
}
