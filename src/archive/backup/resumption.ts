/**
 * What a run does with resume records: it goes on from those of its source that others left, notes what it has stored itself, and removes
 * all of them when its snapshot exists. Its own do not replace those it found: these may name what it has not come to yet.
 */
import type { Clock } from "../../base/clock.ts";
import { asDomainError } from "../../base/errors.ts";
import type { FindingSink } from "../../base/finding.ts";
import type { HexId } from "../../base/ids.ts";
import { PRUNE_MARGINS } from "../../repository/prune/margins.ts";
import {
  isSameSource,
  listResumeRecords,
  type ResumeSource,
  saveResumeRecord,
  type StoredResumeRecord,
  unusable,
} from "../../repository/resume-records.ts";
import type { Session } from "../../repository/session.ts";
import type { CallOptions } from "../../storage/object-store.ts";

export interface ResumptionOptions {
  readonly source: ResumeSource;
  readonly clock: Clock;
  readonly report: FindingSink;
}

export class Resumption {
  readonly #session: Session;
  readonly #options: ResumptionOptions;
  readonly #startMs: number;
  /** To be removed at the end: those of the source, and those of any that are too old. */
  readonly #found: Set<HexId>;
  /** What runs that did not end have stored. */
  readonly usable: readonly StoredResumeRecord[];
  #own: HexId | undefined;
  #hasFailed = false;

  private constructor(session: Session, options: ResumptionOptions, found: Set<HexId>, usable: readonly StoredResumeRecord[]) {
    this.#session = session;
    this.#options = options;
    this.#startMs = options.clock.now();
    this.#found = found;
    this.usable = usable;
  }

  static async begin(session: Session, options: ResumptionOptions): Promise<Resumption> {
    const { files } = session.repository;
    const sinceMs = options.clock.now() - PRUNE_MARGINS.resumeMs;
    const { records, outdated, findings } = await listResumeRecords(files, sinceMs, { signal: session.signal });
    for (const finding of findings) options.report(finding);
    const own = records.filter(({ source }) => isSameSource(source, options.source));
    const isThere = ({ tree }: StoredResumeRecord): boolean => session.index.findHex("tree", tree) >= 0;
    for (const record of own) {
      if (!isThere(record))
        options.report(unusable(record.id, `Cannot go on from what an earlier run stored: tree "${record.tree}" is missing`));
    }
    return new Resumption(session, options, new Set([...own.map(({ id }) => id), ...outdated]), own.filter(isThere));
  }

  /** Notes a tree that is stored and indexed with all it needs. A run goes on if that fails. */
  async note(tree: HexId, { signal }: CallOptions): Promise<void> {
    const { clock, source } = this.#options;
    await this.#tolerate("write", signal, async () => {
      const { files } = this.#session.repository;
      const earlier = this.#own;
      this.#own = await saveResumeRecord(files, { timeMs: clock.now(), startMs: this.#startMs, source, tree }, { signal });
      if (earlier !== undefined) await files.remove("resume", earlier, { signal });
    });
  }

  /** When the tree of all of it is stored, and somebody else is to write the snapshot: what was noted before is no longer needed. */
  async keep(tree: HexId, options: CallOptions): Promise<void> {
    await this.note(tree, options);
    await this.#removeFound(options);
  }

  /** When the snapshot exists. */
  async end({ signal }: CallOptions): Promise<void> {
    if (this.#own !== undefined) this.#found.add(this.#own);
    await this.#removeFound({ signal });
  }

  async #removeFound({ signal }: CallOptions): Promise<void> {
    for (const id of this.#found) {
      await this.#tolerate("remove", signal, () => this.#session.repository.files.remove("resume", id, { signal }));
    }
  }

  async #tolerate(action: string, signal: AbortSignal | undefined, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (signal?.aborted === true || this.#hasFailed) return;
      this.#hasFailed = true;
      const message = `Cannot ${action} a resume record: ${asDomainError(error).message}`;
      this.#options.report({ grade: "info", code: "resume_record_failed", object: "holdfast/resume", message });
    }
  }
}
