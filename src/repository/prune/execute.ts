/**
 * Carries out the plan of a prune. Killed at any moment, it loses nothing, and the next one goes on from there:
 *
 * 1. Packs are deleted whose mark is old enough. The plan has made sure that no index names them and no snapshot needs them.
 * 2. What is needed of packs that are rewritten is stored in new packs. No index names those yet: left alone, they are marked in time.
 * 3. The mark is written, before anything leaves the index: whoever relies on a pack that is about to leave can know it from then on.
 *    A mark does not take a pack away: as long as an index names the pack, it counts as any other.
 * 4. New index files are written. They name all packs that stay, new ones, and those put back.
 * 5. The index files from before are removed, one by one: what they name beyond the new ones is still there. Those under retention stay,
 *    and all that they name: the plan leaves it alone.
 * 6. Without grace, the packs of step 3 are deleted now.
 * 7. What others have deleted, as restic does, and nothing protects any more, goes for good from a store with Object Lock.
 *    So do keys that were removed while they were under Object Lock.
 * 8. Marks, resume records and ledgers that are of no use any more are removed. A mark outlives its packs by the usual grace, for runs without a
 *    lock that look for it.
 */
import { createHash } from "node:crypto";
import { forEachConcurrent } from "../../base/concurrency.ts";
import type { HexId } from "../../base/ids.ts";
import { deleteKey } from "../keys.ts";
import { keyOfFile } from "../layout.ts";
import { type MarkedPack, saveMark } from "../marks.ts";
import { packerSettings } from "../blob-packer.ts";
import type { Session } from "../session.ts";
import { sweepRemoved } from "../object-lock/deletion.ts";
import { ownBytes, release } from "../threads/own-memory.ts";
import { CalledThread } from "../threads/thread-pool.ts";
import { deletePacks, unlessLocked } from "./delete-packs.ts";
import type { PackTotal, PruneOptions, PrunePlan } from "./plan.ts";
import { totalOf } from "./plan.ts";
import type { RewriteCalls, RewriteThreadStart, WrittenPack } from "./rewrite-thread.ts";
import type { PackRange } from "./rewriter.ts";

export interface PruneResult {
  readonly deleted: PackTotal;
  /** Deleted by a later prune. */
  readonly marked: PackTotal;
  readonly written: PackTotal;
  /** Objects that others had deleted. */
  readonly swept: number;
}

/** Packs that are read, moved and stored at a time. */
const CONCURRENT_PACKS = 2;
const CONCURRENT_REMOVALS = 16;

/**
 * @param session with an exclusive lock, that planned it. Its index is out of date afterwards
 * @throws {DomainError} corrupt/pack_damaged: nothing was removed but what was marked before
 * @throws {DomainError} locked/…: the lock was lost
 */
export async function executePrune(
  session: Session,
  plan: PrunePlan,
  options: Pick<PruneOptions, "clock" | "report" | "progress">,
): Promise<PruneResult> {
  return new Execution(session, plan, options).run();
}

type Thread = CalledThread<RewriteCalls>;

class Execution {
  readonly #session: Session;
  readonly #plan: PrunePlan;
  readonly #options: Pick<PruneOptions, "clock" | "report" | "progress">;

  constructor(session: Session, plan: PrunePlan, options: Pick<PruneOptions, "clock" | "report" | "progress">) {
    this.#session = session;
    this.#plan = plan;
    this.#options = options;
  }

  async run(): Promise<PruneResult> {
    const { toDelete, toMark, graceMs, outdatedMarks, outdatedResume, outdatedLedgers } = this.#plan.work;
    const deleted = await this.#delete(toDelete);
    const written = this.#plan.rewritesIndex ? await this.#rewrite() : [];
    if (!this.#plan.rewritesIndex) await this.#mark([]);
    const deletedNow = graceMs === 0 ? await this.#delete(toMark) : [];
    await this.#removeExpiringKeys();
    const swept = await sweepRemoved(this.#session.repository.store, { clock: this.#options.clock, signal: this.#session.signal });
    await this.#remove("marks", outdatedMarks);
    await this.#remove("resume", outdatedResume);
    await this.#remove("ledger", outdatedLedgers);
    const left = new Set(toMark).difference(new Set(deletedNow));
    return { deleted: totalOf([...deleted, ...deletedNow]), marked: totalOf([...left]), written: totalOf(written), swept };
  }

  /** Steps 2 to 5. */
  async #rewrite(): Promise<readonly MarkedPack[]> {
    await using thread: Thread = new CalledThread(new URL("rewrite-thread.ts", import.meta.url), this.#threadStart());
    const written = await this.#rewritePacks(thread);
    const { indexFiles: replaced } = this.#plan.work;
    await this.#mark(replaced);
    await this.#writeIndex(thread);
    await this.#remove("index", replaced);
    return written;
  }

  #threadStart(): RewriteThreadStart {
    const { repository, index } = this.#session;
    const { used, fates, compress } = this.#plan.work;
    return { index: index.shared, used: used.shared, fates, packer: packerSettings(repository, "all"), compress };
  }

  async #rewritePacks(thread: Thread): Promise<readonly MarkedPack[]> {
    const { repository, index, signal } = this.#session;
    const written: MarkedPack[] = [];
    let doneBytes = 0;
    let doneItems = 0;
    const ranges = await thread.call("ranges", undefined, { signal });
    const totalBytes = ranges.reduce((sum, { length }) => sum + length, 0);
    const store = async (packs: readonly WrittenPack[]): Promise<void> => {
      for (const pack of packs) {
        await this.#storePack(pack);
        written.push({ id: pack.id, bytes: pack.lengthBytes });
      }
    };
    const move = async (range: PackRange, signalOfAll: AbortSignal): Promise<void> => {
      const key = keyOfFile("data", index.packId(range.pack));
      const bytes = ownBytes(await repository.store.get(key, { range, signal: signalOfAll }));
      await store(await thread.call("rewrite", { range, bytes }, { transfer: [bytes.buffer], signal: signalOfAll }));
      doneBytes += range.length;
      this.#options.progress({ stage: "Rewriting packs", doneBytes, totalBytes, doneItems: ++doneItems, totalItems: ranges.length });
    };
    await forEachConcurrent(ranges, { limit: CONCURRENT_PACKS, signal }, move);
    await store(await thread.call("finish", undefined, { signal }));
    return written;
  }

  async #storePack({ id, sha256, buffer, lengthBytes }: WrittenPack): Promise<void> {
    const { repository, signal } = this.#session;
    this.#session.throwIfLost();
    await repository.store.put(keyOfFile("data", id), new Uint8Array(buffer, 0, lengthBytes), { sha256, signal });
    release(new Uint8Array(buffer));
  }

  async #mark(indexFiles: readonly HexId[]): Promise<void> {
    const { toMark: packs } = this.#plan.work;
    if (packs.length === 0 && indexFiles.length === 0) return;
    const { repository, signal, throwIfLost } = this.#session;
    throwIfLost();
    await saveMark(repository.files, { timeMs: this.#options.clock.now(), packs, indexFiles }, { signal });
  }

  async #writeIndex(thread: Thread): Promise<void> {
    const { repository, signal } = this.#session;
    for (let doneItems = 0; ; doneItems++) {
      this.#options.progress({ stage: "Writing the index", doneBytes: 0, doneItems });
      const indexFile = await thread.call("indexFile", undefined, { signal });
      if (indexFile === undefined) return;
      const sha256 = createHash("sha256").update(indexFile).digest();
      this.#session.throwIfLost();
      await repository.store.put(keyOfFile("index", sha256.toHex() as HexId), indexFile, { sha256, signal });
    }
  }

  async #delete(packs: readonly MarkedPack[]): Promise<readonly MarkedPack[]> {
    return deletePacks(this.#session, packs, this.#options);
  }

  async #removeExpiringKeys(): Promise<void> {
    const { repository, signal, throwIfLost } = this.#session;
    for (const id of repository.retention?.settings.expiringKeys ?? []) {
      if (id === repository.keyId) continue;
      throwIfLost();
      await deleteKey(repository.store, id, { clock: this.#options.clock, signal });
    }
  }

  async #remove(type: "index" | "marks" | "resume" | "ledger", ids: readonly HexId[]): Promise<void> {
    const { repository, signal } = this.#session;
    await forEachConcurrent(ids, { limit: CONCURRENT_REMOVALS, signal }, async (id, signalOfAll) => {
      this.#session.throwIfLost();
      await unlessLocked(repository.files.remove(type, id, { signal: signalOfAll }));
    });
  }
}
