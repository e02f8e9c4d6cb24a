/** A repository as everybody must see it who adds to it: under the retention that it is set to. */
import type { Clock } from "../../base/clock.ts";
import { DomainError } from "../../base/errors.ts";
import type { Finding } from "../../base/finding.ts";
import type { CallOptions } from "../../storage/object-store.ts";
import { SealedFiles } from "../sealed-files.ts";
import type { Repository } from "../repository.ts";
import { retaining, RETENTION_MARGIN_MS, type RetentionDates, retentionDates, type RunRetention } from "./immutability.ts";
import { readSettings, type ReadSettings } from "./settings.ts";

export interface UnderRetention {
  readonly repository: Repository;
  /** What whoever adds must be told: it is not protected as it should be. */
  readonly unprotected: Finding | undefined;
}

/** Dates are of one run: to be asked for when it begins. Damage is among the repository's findings. */
export async function underRetention(
  repository: Repository,
  { clock, signal }: CallOptions & { readonly clock: Clock },
): Promise<UnderRetention> {
  const { url, locking } = repository.store;
  let read: ReadSettings;
  try {
    read = await readSettings(repository.files, { signal });
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== "settings_version") throw error;
    const message = `What is added to "${url}" is not under Object Lock: ${error.message}`;
    return { repository, unprotected: { grade: "partial", code: error.code, object: url, message } };
  }
  const { settings, findings } = read;
  const found = { ...repository, findings: [...repository.findings, ...findings] };
  if (settings === undefined || settings.retentionMs === 0) return { repository: found, unprotected: undefined };
  if (locking === undefined) {
    const message = `What is added to "${url}" can be deleted by whoever has its credentials: it has no Object Lock, or these do not let us see it`;
    return { repository: found, unprotected: { grade: "partial", code: "object_lock_missing", object: url, message } };
  }
  return { repository: retained(found, { ...datesOf(settings.retentionMs, clock), settings }), unprotected: undefined };
}

export function datesOf(retentionMs: number, clock: Clock): RetentionDates {
  return retentionDates({ retentionMs, marginMs: RETENTION_MARGIN_MS }, clock.now());
}

/** Those of a repository, as they are put until a date. */
export function retainedFiles({ store, cipher, config }: Repository, dates: RetentionDates): SealedFiles {
  return new SealedFiles(retaining(store, dates), cipher, config.version);
}

function retained(repository: Repository, retention: RunRetention): Repository {
  return { ...repository, store: retaining(repository.store, retention), files: retainedFiles(repository, retention), retention };
}
