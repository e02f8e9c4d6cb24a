/** What can happen to one entry of a restore, in words; and what stops the whole. */
import { displayText } from "../../base/byte-string.ts";
import { asDomainError, DomainError } from "../../base/errors.ts";
import type { Finding, FindingSink } from "../../base/finding.ts";
import { codeOf, type Shortfall } from "./attributes.ts";
import type { RestoreCounters } from "./counters.ts";
import { BAD_NODE, STOPPED } from "./messages.ts";

/** By the name of the system's error. */
const STATES: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "not permitted",
  EIO: "the disk cannot be written there",
  ENAMETOOLONG: "its name or path is too long for this file system",
  EINVAL: "this file system does not take its name or its content",
  EILSEQ: "this file system does not take its name",
  EFBIG: "it is too large for this file system",
  EISDIR: "a folder is in its place",
  ENOTEMPTY: "a folder that is not empty is in its place",
  EEXIST: "something else is in its place",
  ENOENT: "its folder was removed while the restore ran",
  ELOOP: "a link took its folder's place while the restore ran",
  ENOTDIR: "something else took its folder's place while the restore ran",
  EMLINK: "this file system allows no more links",
  EMFILE: "too many open files",
  [BAD_NODE]: "its entry in the tree is damaged",
};
const FULL: Readonly<Record<string, string>> = { ENOSPC: "no space left", EDQUOT: "the quota is used up" };

interface Missed {
  readonly shortfall: Shortfall;
  readonly example: string;
  count: number;
}

export class RestoreFindings {
  readonly #send: FindingSink;
  readonly #counters: RestoreCounters;
  readonly #missed = new Map<string, Missed>();
  /** Paths of entries that are not as they should be. */
  readonly failedPaths: Set<string> = new Set();

  constructor(send: FindingSink, counters: RestoreCounters) {
    this.#send = send;
    this.#counters = counters;
  }

  /** One entry could not be made, or only in part. @throws {DomainError} what stops the whole */
  failed(path: string, error: unknown): void {
    const code = codeOf(error);
    if (code === "") throw error;
    this.failedWith(path, code);
  }

  /** @param code of errno(3) @throws {DomainError} what stops the whole */
  failedWith(path: string, code: string): void {
    if (code === STOPPED) return;
    const fatal = stopping(path, code);
    if (fatal !== undefined) throw fatal;
    this.#fail({
      grade: "partial",
      code: "entry_not_restored",
      object: path,
      message: `Cannot restore "${path}": ${STATES[code] ?? code}`,
    });
  }

  /** What is stored is damaged or missing. */
  damaged(path: string, error: unknown): void {
    const { message } = asDomainError(error);
    this.#fail({ grade: "critical", code: "entry_damaged", object: path, message: `Cannot restore "${path}": ${message}` });
  }

  /** Something in the target stands in its way. */
  occupied(path: string, by: string): void {
    this.#fail({ grade: "partial", code: "target_occupied", object: path, message: `Cannot restore "${path}": ${by} is in its place` });
  }

  /** What was read back is not what was to be written. */
  differs(path: string): void {
    const message = `Restored "${path}" differs from the snapshot: it was changed or removed meanwhile, or the disk is failing`;
    this.#fail({ grade: "critical", code: "entry_differs", object: path, message });
  }

  /** It is there, but odd. */
  odd(grade: Finding["grade"], code: string, path: string, message: string): void {
    this.#send({ grade, code, object: path, message });
  }

  missed(path: string, shortfalls: readonly Shortfall[]): void {
    for (const shortfall of shortfalls) {
      const key = shortfall.kind === "owner" ? "owner" : `${shortfall.code} ${shortfall.name}`;
      this.#missed.getOrInsert(key, { shortfall, example: path, count: 0 }).count++;
    }
  }

  /** One finding for each kind of attribute that entries lack, however many do. */
  summarise(): void {
    for (const { shortfall, example, count } of this.#missed.values()) {
      const others = count === 1 ? "" : ` and ${count - 1} more`;
      if (shortfall.kind === "owner") {
        const message = `Cannot give "${example}"${others} to their owners: only root may. They belong to who restored them, without setuid and setgid bits`;
        this.#send({ grade: "info", code: "owner_not_restored", object: example, message });
      } else {
        const message = `Cannot restore attribute "${displayText(shortfall.name)}" of "${example}"${others}: ${attributeState(shortfall.code)}`;
        this.#send({ grade: "partial", code: "xattr_not_restored", object: example, message });
      }
    }
  }

  #fail(finding: Finding): void {
    this.failedPaths.add(finding.object);
    this.#counters.add("failed");
    this.#send(finding);
  }
}

/** The error of the whole restore that a system's error means, if it means one. */
export function stopping(path: string, code: string): DomainError | undefined {
  const state = FULL[code];
  if (state !== undefined) return targetFull(path, state);
  if (code !== "EROFS") return undefined;
  return new DomainError("forbidden", "target_read_only", `Cannot restore "${path}": the file system can only be read`);
}

export function targetFull(path: string, state: string): DomainError {
  return new DomainError("unavailable", "target_full", `Cannot restore "${path}": ${state}`, {
    hint: 'Make room and run it again with "--overwrite if-changed": it goes on where it stopped',
  });
}

function attributeState(code: string): string {
  if (code === "ENOTSUP" || code === "EOPNOTSUPP") return "this file system has no such attributes";
  if (code === "ENOSYS") return "this Node has no call for it";
  return code === "EINVAL" ? "this system does not take its value" : "not permitted";
}
