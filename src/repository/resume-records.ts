/**
 * Resume records: what a run has stored so far, for the next one of the same source to go on from should it not end. A record names one
 * tree, which holds what was finished of the snapshot to be; every blob below it is in index files that were stored before the record.
 * Sealed JSON: `{"version":1,"time":…,"start":…,"source":{"host":…,"paths":[…]},"tree":id}`.
 */
import { mapConcurrent } from "../base/concurrency.ts";
import { DomainError } from "../base/errors.ts";
import type { Finding } from "../base/finding.ts";
import type { HexId } from "../base/ids.ts";
import type { CallOptions } from "../storage/object-store.ts";
import { encodeJson, JsonObject } from "./format/json-object.ts";
import { timestampAt } from "./format/timestamp.ts";
import type { SealedFiles } from "./sealed-files.ts";

export interface ResumeRecord {
  /** When it was written. */
  readonly timeMs: number;
  /** When its run began. */
  readonly startMs: number;
  readonly source: ResumeSource;
  readonly tree: HexId;
}

/** What was backed up, as snapshots name it. */
export interface ResumeSource {
  readonly host: string;
  readonly paths: readonly string[];
}

export interface StoredResumeRecord extends ResumeRecord {
  readonly id: HexId;
}

export interface ListedResumeRecords {
  readonly records: readonly StoredResumeRecord[];
  /** Those from before `sinceMs`, by their own time and by the store's: nobody goes on from them any more. */
  readonly outdated: readonly HexId[];
  /** Those that cannot be read: the next run only takes longer without them. */
  readonly findings: readonly Finding[];
}

const VERSION = 1;
const CONCURRENT_READS = 16;

export async function saveResumeRecord(
  files: SealedFiles,
  { timeMs, startMs, source: { host, paths }, tree }: ResumeRecord,
  options?: CallOptions,
): Promise<HexId> {
  const json = { version: VERSION, time: timestampAt(timeMs).text, start: timestampAt(startMs).text, source: { host, paths }, tree };
  return files.save("resume", encodeJson(json), options);
}

export async function listResumeRecords(files: SealedFiles, sinceMs: number, options: CallOptions = {}): Promise<ListedResumeRecords> {
  const outdated: HexId[] = [];
  const findings: Finding[] = [];
  const read = await mapConcurrent(
    files.list("resume", options),
    { limit: CONCURRENT_READS, signal: options.signal },
    async ({ id, modifiedMs }, signal): Promise<StoredResumeRecord | undefined> => {
      try {
        const record = parseResumeRecord(await files.load("resume", id, { signal }));
        if (Math.max(record.timeMs, modifiedMs) >= sinceMs) return { id, ...record };
        outdated.push(id);
      } catch (error) {
        if (!(error instanceof DomainError) || !(error.kind === "corrupt" || error.kind === "unsupported")) {
          // The run it belongs to has ended, or written the next one.
          if (error instanceof DomainError && error.code === "object_not_found") return undefined;
          throw error;
        }
        if (modifiedMs < sinceMs) outdated.push(id);
        findings.push(unusable(id, error.message));
      }
      return undefined;
    },
  );
  return { records: read.filter((record) => record !== undefined), outdated, findings };
}

export function isSameSource(a: ResumeSource, b: ResumeSource): boolean {
  return a.host === b.host && new Set(a.paths).symmetricDifference(new Set(b.paths)).size === 0;
}

export function unusable(id: HexId, message: string): Finding {
  return { grade: "info", code: "resume_record_unusable", object: `holdfast/resume/${id}`, message };
}

/** @throws {DomainError} corrupt/resume_record; unsupported/resume_record_version */
function parseResumeRecord(json: Uint8Array): ResumeRecord {
  const fields = JsonObject.parse(json, "resume record");
  const version = fields.count("version");
  if (version > VERSION) {
    throw new DomainError("unsupported", "resume_record_version", `Cannot read resume record: it has version ${version}`, {
      hint: "Use a newer Holdfast",
    });
  }
  const source = fields.requiredObject("source");
  return {
    timeMs: fields.requiredTime("time").epochMs,
    startMs: fields.requiredTime("start").epochMs,
    source: { host: source.text("host"), paths: source.texts("paths") },
    tree: fields.requiredId("tree"),
  };
}
