/**
 * Locks as restic writes them: sealed, named by their hash, and never changed; a refresh writes a new one and removes the old.
 * restic passes over lock files of no bytes, which stores without atomic puts leave behind.
 */
import { encodeJson, JsonObject, withoutEmpty } from "./json-object.ts";
import { type Timestamp } from "./timestamp.ts";

export interface LockFile {
  /** Of the last refresh. restic takes a lock for stale 30 minutes after it. */
  readonly time: Timestamp;
  /** Held alone. Any number of other locks may be held at once. */
  readonly exclusive: boolean;
  /** restic also takes a lock of its own host for stale once no process there has that id. */
  readonly hostname: string;
  readonly username: string;
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  /** Ours alone: tells the holder's process from all others of its machine, as `processMark()` makes it. restic passes it over. */
  readonly process?: string;
}

const MAX_PID = 0x7fff_ffff;
const MAX_UID = 0xffff_ffff;

/** @throws {DomainError} corrupt/lock */
export function parseLockFile(json: Uint8Array): LockFile {
  const fields = JsonObject.parse(json, "lock");
  const process = fields.text("process");
  return {
    time: fields.requiredTime("time"),
    exclusive: fields.flag("exclusive"),
    hostname: fields.text("hostname"),
    username: fields.text("username"),
    pid: fields.count("pid", MAX_PID),
    uid: fields.count("uid", MAX_UID),
    gid: fields.count("gid", MAX_UID),
    ...(process === "" ? {} : { process }),
  };
}

/** Gives the JSON; it is to be packed and sealed. */
export function serializeLockFile({ time, exclusive, hostname, username, pid, uid, gid, process }: LockFile): Uint8Array {
  return encodeJson({ time: time.text, exclusive, hostname, username, pid, ...withoutEmpty({ uid, gid, process }) });
}
