/**
 * Marks: the first step of removing packs. A mark names packs that leave the index; they are deleted by a later prune, when the mark has
 * become old enough and nothing turned out to need them. It also names the index files that were replaced, so that where a store keeps
 * what was removed, they are told from files that somebody hid.
 * Sealed JSON: `{"version":1,"time":…,"packs":[{"id":…,"bytes":…}],"indexFiles":[id, …]}`.
 */
import { mapConcurrent } from "../base/concurrency.ts";
import { DomainError } from "../base/errors.ts";
import type { Finding } from "../base/finding.ts";
import type { HexId } from "../base/ids.ts";
import type { CallOptions } from "../storage/object-store.ts";
import { parseTimestamp, timestampAt } from "./format/timestamp.ts";
import type { SealedFiles } from "./sealed-files.ts";
import type { Session } from "./session.ts";

export interface MarkedPack {
  readonly id: HexId;
  readonly bytes: number;
}

export interface Mark {
  readonly id: HexId;
  /** The later of what its writer's clock and that of the store said. */
  readonly timeMs: number;
  readonly packs: readonly MarkedPack[];
  readonly indexFiles: readonly HexId[];
}

const VERSION = 1;
const CONCURRENT_READS = 16;
const ID_FORM = /^[0-9a-f]{64}$/;

export async function saveMark(files: SealedFiles, { timeMs, packs, indexFiles }: Omit<Mark, "id">, options?: CallOptions): Promise<HexId> {
  const json = JSON.stringify({ version: VERSION, time: timestampAt(timeMs).text, packs, indexFiles });
  return files.save("marks", Buffer.from(json), options);
}

/** All of them. What damaged ones named is not known; prune marks it anew. */
export async function listMarks(
  files: SealedFiles,
  options: CallOptions = {},
): Promise<{ readonly marks: readonly Mark[]; readonly damaged: readonly { readonly id: HexId; readonly finding: Finding }[] }> {
  const damaged: { readonly id: HexId; readonly finding: Finding }[] = [];
  const read = await mapConcurrent(
    files.list("marks", options),
    { limit: CONCURRENT_READS, signal: options.signal },
    async ({ id, modifiedMs }, signal): Promise<Mark | undefined> => {
      try {
        const mark = parseMark(await files.load("marks", id, { signal }));
        return { id, ...mark, timeMs: Math.max(mark.timeMs, modifiedMs) };
      } catch (error) {
        if (!(error instanceof DomainError) || error.kind !== "corrupt") throw error;
        const finding: Finding = { grade: "info", code: "mark_damaged", object: `holdfast/marks/${id}`, message: error.message };
        damaged.push({ id, finding });
        return undefined;
      }
    },
  );
  return { marks: read.filter((mark) => mark !== undefined), damaged };
}

/** To be asked when a run begins; see assertNothingMarked(). */
export async function markIds(files: SealedFiles, options?: CallOptions): Promise<ReadonlySet<HexId>> {
  return new Set(await Array.fromAsync(files.list("marks", options), ({ id }) => id));
}

/**
 * The last question of a run before it writes its snapshot: whether somebody who did not see its lock took packs out of the index that
 * the run may rely on. That its parent was forgotten meanwhile does no harm: what both need is in the index, or marked.
 *
 * @param seen marks from before the run
 * @throws {DomainError} conflict/pruned_meanwhile
 */
export async function assertNothingMarked({ repository, index, signal }: Session, seen: ReadonlySet<HexId>): Promise<void> {
  const added = (await markIds(repository.files, { signal })).difference(seen);
  if (added.size === 0) return;
  const indexed = new Set(Array.from(index.packs(), (pack) => index.packId(pack)));
  for (const id of added) {
    const { packs } = parseMark(await repository.files.load("marks", id, { signal }));
    if (packs.some((pack) => indexed.has(pack.id))) throw prunedMeanwhile(id);
  }
}

/** @throws {DomainError} corrupt/mark; unsupported/mark_version */
function parseMark(json: Uint8Array): Omit<Mark, "id"> {
  let fields: Readonly<Record<string, unknown>>;
  try {
    fields = JSON.parse(Buffer.from(json).toString()) as typeof fields;
  } catch (cause) {
    throw new DomainError("corrupt", "mark", "Cannot read mark of prune: not JSON", { cause });
  }
  const { version, time, packs, indexFiles } = fields;
  if (typeof version === "number" && version > VERSION) {
    throw new DomainError("unsupported", "mark_version", `Cannot read mark of prune: it has version ${version}`, {
      hint: "Use a newer Holdfast",
    });
  }
  const moment = typeof time === "string" ? parseTimestamp(time) : undefined;
  if (version !== VERSION || moment === undefined || !isListOf(packs, isMarkedPack) || !isListOf(indexFiles, isId)) {
    throw new DomainError("corrupt", "mark", "Cannot read mark of prune: a field is missing or of another kind");
  }
  return { timeMs: moment.epochMs, packs, indexFiles };
}

function isListOf<T>(value: unknown, isItem: (item: unknown) => item is T): value is T[] {
  return Array.isArray(value) && value.every(isItem);
}

function isId(value: unknown): value is HexId {
  return typeof value === "string" && ID_FORM.test(value);
}

function isMarkedPack(value: unknown): value is MarkedPack {
  if (typeof value !== "object" || value === null) return false;
  const { id, bytes } = value as Readonly<Record<string, unknown>>;
  return isId(id) && typeof bytes === "number" && Number.isSafeInteger(bytes) && bytes >= 0;
}

function prunedMeanwhile(mark: HexId): DomainError {
  return new DomainError("conflict", "pruned_meanwhile", "Cannot write the snapshot: a prune took packs away that it may need", {
    details: { mark },
    hint: "Run it again: it stores what is needed anew. Prune and backups exclude each other unless a lock was lost",
  });
}
