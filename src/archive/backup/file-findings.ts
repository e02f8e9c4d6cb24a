/** What can happen to one file of a backup, in words. */
import { errorText } from "../../base/error-text.ts";
import type { Finding } from "../../base/finding.ts";
import { REPOSITORY_LIMITS } from "../../repository/format/limits.ts";

interface Reason {
  readonly grade: Finding["grade"];
  readonly code: string;
  readonly state: string;
}

/** By the name of the system's error. */
const REASONS: Readonly<Record<string, Reason>> = {
  ENOENT: { grade: "info", code: "file_vanished", state: "it was removed while the backup ran" },
  EACCES: { grade: "partial", code: "file_forbidden", state: "permission denied" },
  EPERM: { grade: "partial", code: "file_forbidden", state: "not permitted" },
  EIO: { grade: "partial", code: "file_unreadable", state: "the disk cannot be read there" },
  ENAMETOOLONG: { grade: "partial", code: "file_unreadable", state: "its path is too long" },
  EMFILE: { grade: "partial", code: "file_unreadable", state: "too many open files" },
};

/** It was taken away or exchanged between being listed and being opened. */
const REPLACED = new Set(["ELOOP", "ENOTDIR", "ENXIO"]);

/** Whether the system refused something, other than a bug or damaged memory, which no single file is to blame for. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error && "code" in error && typeof error.code === "string";
}

/** Whether nothing of that kind is there any more. */
export function isGone({ code = "" }: NodeJS.ErrnoException): boolean {
  return code === "ENOENT" || REPLACED.has(code);
}

/** @param object its path, for people */
export function fileFinding(object: string, error: unknown): Finding {
  const code = typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
  if (REPLACED.has(code)) return replacedFinding(object);
  const reason = REASONS[code];
  if (reason !== undefined)
    return { grade: reason.grade, code: reason.code, object, message: `Cannot back up "${object}": ${reason.state}` };
  const state = code === "" || !(error instanceof Error) || "syscall" in error ? code : errorText(error);
  return { grade: "partial", code: "file_unreadable", object, message: `Cannot back up "${object}": ${state}` };
}

export function tooDeepFinding(object: string): Finding {
  const state = `no more than ${REPOSITORY_LIMITS.treeDepth} folders may lie in each other`;
  return { grade: "partial", code: "folder_too_deep", object, message: `Cannot back up what is in "${object}": ${state}` };
}

export function replacedFinding(object: string): Finding {
  return {
    grade: "partial",
    code: "file_replaced",
    object,
    message: `Cannot back up "${object}": something else took its place while the backup ran`,
  };
}

export function changedFinding(object: string): Finding {
  return {
    grade: "info",
    code: "file_changed",
    object,
    message: `Backed up "${object}" while it changed: its content may be of several moments`,
  };
}
