/**
 * Trees that runs which did not end stored for the next one to go on with. Sealed JSON: `{"version":1,"time":…,"trees":[id, …]}`. Young
 * records count as references; what an unreadable one named is stored again by the next run, so it is passed over.
 */
import { mapConcurrent } from "../../base/concurrency.ts";
import { DomainError } from "../../base/errors.ts";
import type { HexId } from "../../base/ids.ts";
import type { CallOptions } from "../../storage/object-store.ts";
import { parseTimestamp } from "../format/timestamp.ts";
import type { SealedFiles } from "../sealed-files.ts";

export interface ResumeRoots {
  readonly trees: readonly HexId[];
  /** Records that are too old to count. */
  readonly outdated: readonly HexId[];
}

const CONCURRENT_READS = 16;
const ID_FORM = /^[0-9a-f]{64}$/;

/** @param sinceMs records from before that moment, by their own time and by the store's, are outdated */
export async function readResumeRoots(files: SealedFiles, sinceMs: number, options: CallOptions): Promise<ResumeRoots> {
  const records = await mapConcurrent(
    files.list("resume", options),
    { limit: CONCURRENT_READS, signal: options.signal },
    async ({ id, modifiedMs }, signal) => {
      const { timeMs, trees } = await readRecord(files, id, { signal });
      return { id, isOutdated: Math.max(timeMs, modifiedMs) < sinceMs, trees };
    },
  );
  return {
    trees: records.filter(({ isOutdated }) => !isOutdated).flatMap(({ trees }) => trees),
    outdated: records.filter(({ isOutdated }) => isOutdated).map(({ id }) => id),
  };
}

interface ResumeRecord {
  readonly timeMs: number;
  readonly trees: readonly HexId[];
}

const NOTHING: ResumeRecord = { timeMs: 0, trees: [] };

async function readRecord(files: SealedFiles, id: HexId, options: CallOptions): Promise<ResumeRecord> {
  try {
    const { time, trees } = JSON.parse(Buffer.from(await files.load("resume", id, options)).toString()) as Record<string, unknown>;
    const timeMs = typeof time === "string" ? parseTimestamp(time)?.epochMs : undefined;
    return { timeMs: timeMs ?? 0, trees: Array.isArray(trees) ? trees.filter(isId) : [] };
  } catch (error) {
    const isGone = error instanceof DomainError && error.code === "object_not_found";
    if (isGone || error instanceof SyntaxError || (error instanceof DomainError && error.kind === "corrupt")) return NOTHING;
    throw error;
  }
}

function isId(value: unknown): value is HexId {
  return typeof value === "string" && ID_FORM.test(value);
}
