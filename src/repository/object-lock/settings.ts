/**
 * How long what is added to a repository is under Object Lock, for everybody who adds. Each change is a file of its own, which only a
 * holder of the repository's key can make, and which is under Object Lock itself: nobody else can take a setting away, or bring an earlier
 * one back. The highest revision counts, and of two that were made at the same time the longer retention.
 * Sealed JSON: `{"version":1,"revision":1,"time":…,"retentionMs":2592000000,"expiringKeys":[id, …]}`.
 */
import type { Clock } from "../../base/clock.ts";
import { mapConcurrent } from "../../base/concurrency.ts";
import { DomainError } from "../../base/errors.ts";
import type { Finding } from "../../base/finding.ts";
import type { HexId } from "../../base/ids.ts";
import type { CallOptions } from "../../storage/object-store.ts";
import { parseTimestamp, timestampAt } from "../format/timestamp.ts";
import { folderOf } from "../layout.ts";
import type { SealedFiles } from "../sealed-files.ts";

export interface LockSettings {
  /** So long after a run, at least, all that its point needs cannot be deleted; 0: nothing is under Object Lock. */
  readonly retentionMs: number;
  /** Key files that were removed while they could not be deleted: no run extends their retention. */
  readonly expiringKeys: readonly HexId[];
}

export interface StoredSettings extends LockSettings {
  readonly id: HexId;
  readonly revision: number;
  readonly timeMs: number;
}

export interface ReadSettings {
  /** Undefined: none were ever made, nothing is under Object Lock. */
  readonly settings: StoredSettings | undefined;
  readonly findings: readonly Finding[];
}

/** That of S3. */
export const MAX_RETENTION_MS: number = 36_500 * 86_400_000;

const VERSION = 1;
const CONCURRENT_READS = 8;
const ID_FORM = /^[0-9a-f]{64}$/;

/**
 * What cannot be read is a critical finding, since it may be the setting that counts.
 *
 * @throws {DomainError} unsupported/settings_version
 */
export async function readSettings(files: SealedFiles, options: CallOptions = {}): Promise<ReadSettings> {
  const findings: Finding[] = [];
  const { signal } = options;
  const read = await mapConcurrent(files.list("settings", { signal }), { limit: CONCURRENT_READS, signal }, async ({ id }, signalOfAll) => {
    try {
      return { id, ...parseSettings(await files.load("settings", id, { signal: signalOfAll })) };
    } catch (error) {
      if (!(error instanceof DomainError) || (error.kind !== "corrupt" && error.code !== "object_not_found")) throw error;
      const object = `${folderOf("settings")}${id}`;
      const message = `Cannot be sure how long snapshots are to be under Object Lock: ${error.message}`;
      findings.push({ grade: "critical", code: "settings_damaged", object, message });
      return undefined;
    }
  });
  const [settings] = read
    .filter((one) => one !== undefined)
    .toSorted((a, b) => b.revision - a.revision || b.retentionMs - a.retentionMs || (a.id < b.id ? -1 : 1));
  return { settings, findings };
}

/** Gives what counts from now on. */
export async function changeSettings(
  files: SealedFiles,
  change: Partial<LockSettings>,
  { clock, signal }: CallOptions & { readonly clock: Clock },
): Promise<StoredSettings> {
  const { settings: before } = await readSettings(files, { signal });
  const { revision, timeMs, retentionMs, expiringKeys } = {
    retentionMs: 0,
    expiringKeys: [],
    ...before,
    ...change,
    revision: (before?.revision ?? 0) + 1,
    timeMs: clock.now(),
  };
  const json = JSON.stringify({ version: VERSION, revision, time: timestampAt(timeMs).text, retentionMs, expiringKeys });
  const id = await files.save("settings", Buffer.from(json), { signal });
  return { id, revision, timeMs, retentionMs, expiringKeys };
}

/** @throws {DomainError} corrupt/settings, unsupported/settings_version */
function parseSettings(json: Uint8Array): Omit<StoredSettings, "id"> {
  let fields: Readonly<Record<string, unknown>>;
  try {
    fields = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(json)) as typeof fields;
  } catch (cause) {
    throw new DomainError("corrupt", "settings", "Cannot read settings of Object Lock: they are not JSON", { cause });
  }
  const { version, revision, time, retentionMs, expiringKeys } = fields;
  if (typeof version === "number" && version > VERSION) {
    throw new DomainError("unsupported", "settings_version", "Cannot read settings of Object Lock: they have a newer version", {
      hint: "Use a newer Holdfast",
    });
  }
  const moment = typeof time === "string" ? parseTimestamp(time) : undefined;
  const areKeys = Array.isArray(expiringKeys) && expiringKeys.every((id) => typeof id === "string" && ID_FORM.test(id));
  if (version !== VERSION || moment === undefined || !isCount(revision) || !isCount(retentionMs) || !areKeys) {
    throw new DomainError("corrupt", "settings", "Cannot read settings of Object Lock: a field is missing or of another kind");
  }
  return { revision, timeMs: moment.epochMs, retentionMs: Math.min(retentionMs, MAX_RETENTION_MS), expiringKeys: expiringKeys as HexId[] };
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
