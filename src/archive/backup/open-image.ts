/** Opens the disk or file that an image is made of. */
import { closeSync, constants, openSync } from "node:fs";
import type { ByteString } from "../../base/byte-string.ts";
import { DomainError } from "../../base/errors.ts";
import type { FindingSink } from "../../base/finding.ts";
import { fileCalls, type FileStat } from "../../native/files.ts";
import { nodeTypeOf } from "../../repository/format/tree/node.ts";
import { changedFinding, isSystemError } from "./file-findings.ts";

export interface OpenImage extends Disposable {
  readonly fd: number;
  readonly bytes: number;
  /** A file that was written to meanwhile is reported; of a device nobody can tell. */
  readonly reportChange: () => void;
}

/** The name that stands for an open file itself. */
const ITSELF = "" as ByteString;
/** A fifo must not hold up who opens it. */
const OPEN_IMAGE = constants.O_RDONLY | constants.O_NONBLOCK;

/**
 * @throws {DomainError} not-found/path_not_found, forbidden/path_forbidden, unavailable/path_unreadable
 * @throws {DomainError} usage/no_image: neither a block device nor a file, or empty
 */
export function openImage(path: string, report: FindingSink): OpenImage {
  const { statIn, lengthOf } = fileCalls();
  const fd = open(path);
  try {
    const stat = statIn(fd, ITSELF);
    const type = nodeTypeOf(stat.mode);
    if (type !== "file" && type !== "dev") throw noImage(path, "it is neither a block device nor a file");
    const bytes = lengthOf(fd);
    if (bytes === 0) throw noImage(path, "it is empty");
    if (type === "dev" && isInUse(path)) report(inUseFinding(path));
    return {
      fd,
      bytes,
      reportChange: () => {
        if (type === "file" && isChanged(stat, statIn(fd, ITSELF))) report(changedFinding(path));
      },
      [Symbol.dispose]: () => closeSync(fd),
    };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function open(path: string): number {
  try {
    return openSync(path, OPEN_IMAGE);
  } catch (cause) {
    if (!isSystemError(cause)) throw cause;
    const { code = "" } = cause;
    const refused = (kind: "not-found" | "forbidden" | "unavailable", name: string, state: string): DomainError =>
      new DomainError(kind, name, `Cannot back up image "${path}": ${state}`, { cause, hint: "Nothing was backed up" });
    if (code === "EACCES" || code === "EPERM") throw refused("forbidden", "path_forbidden", "permission denied");
    if (code === "ENOENT" || code === "ENOTDIR") throw refused("not-found", "path_not_found", "it does not exist");
    throw refused("unavailable", "path_unreadable", code);
  }
}

/** Whether the device is mounted or part of another: it cannot be had for oneself then, open(2). */
function isInUse(path: string): boolean {
  try {
    closeSync(openSync(path, OPEN_IMAGE | constants.O_EXCL));
    return false;
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return error.code === "EBUSY";
  }
}

function isChanged(before: FileStat, after: FileStat): boolean {
  return before.mtimeNs !== after.mtimeNs || before.ctimeNs !== after.ctimeNs || before.size !== after.size;
}

function inUseFinding(object: string): ReturnType<typeof changedFinding> {
  const message = `Backed up "${object}" while it is mounted or otherwise in use: its content may be of several moments`;
  return { grade: "info", code: "image_in_use", object, message };
}

function noImage(path: string, state: string): DomainError {
  return new DomainError("usage", "no_image", `Cannot back up image "${path}": ${state}`, { hint: "Nothing was backed up" });
}
