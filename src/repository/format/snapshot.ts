/** Snapshot files: what was saved, when, from where, and the tree that holds it. A snapshot's id is the hash of its file. */
import type { HexId } from "../../base/ids.ts";
import { encodeJson, type JsonFields, JsonObject, withoutEmpty } from "./json-object.ts";
import type { Timestamp } from "./timestamp.ts";

/** A text that is absent from the file is "", a list is empty, a number 0. */
export interface Snapshot {
  /** Of the data. restic writes its machine's local time with its offset. */
  readonly time: Timestamp;
  /** The snapshot that this one was compared with. It may be gone by now. */
  readonly parent?: HexId | undefined;
  readonly tree: HexId;
  readonly paths: readonly string[];
  readonly hostname: string;
  readonly username: string;
  readonly uid: number;
  readonly gid: number;
  readonly excludes: readonly string[];
  readonly tags: readonly string[];
  /** The id that this snapshot had before tags, paths or contents were first rewritten. */
  readonly original?: HexId | undefined;
  readonly programVersion: string;
  readonly summary?: SnapshotSummary | undefined;
  /** Fields that restic does not have. restic drops them when it rewrites a snapshot. */
  readonly otherFields: JsonFields;
}

export interface SnapshotSummary {
  readonly backupStart: Timestamp;
  readonly backupEnd: Timestamp;
  readonly filesNew: number;
  readonly filesChanged: number;
  readonly filesUnmodified: number;
  readonly dirsNew: number;
  readonly dirsChanged: number;
  readonly dirsUnmodified: number;
  readonly dataBlobs: number;
  readonly treeBlobs: number;
  /** Bytes of new blobs before compression. */
  readonly dataAdded: number;
  /** Bytes of new blobs as they are stored. */
  readonly dataAddedPacked: number;
  readonly totalFilesProcessed: number;
  readonly totalBytesProcessed: number;
  readonly otherFields: JsonFields;
}

const MAX_UID = 0xffff_ffff;

/** @throws {DomainError} corrupt/snapshot */
export function parseSnapshot(json: Uint8Array): Snapshot {
  const fields = JsonObject.parse(json, "snapshot");
  const summary = fields.object("summary");
  const known: Omit<Snapshot, "otherFields"> = {
    time: fields.requiredTime("time"),
    parent: fields.id("parent"),
    tree: fields.requiredId("tree"),
    paths: fields.texts("paths"),
    hostname: fields.text("hostname"),
    username: fields.text("username"),
    uid: fields.count("uid", MAX_UID),
    gid: fields.count("gid", MAX_UID),
    excludes: fields.texts("excludes"),
    tags: fields.texts("tags"),
    original: fields.id("original"),
    programVersion: fields.text("program_version"),
    summary: summary === undefined ? undefined : parseSummary(summary),
  };
  return { ...known, otherFields: fields.rest() };
}

/** Gives the JSON with restic's fields in restic's order; it is to be packed and sealed. */
export function serializeSnapshot(snapshot: Snapshot): Uint8Array {
  const { time, parent, tree, paths, hostname, username, uid, gid, excludes, tags, original, programVersion, summary } = snapshot;
  return encodeJson({
    time: time.text,
    ...withoutEmpty({ parent }),
    tree,
    paths,
    ...withoutEmpty({ hostname, username, uid, gid, excludes, tags, original, program_version: programVersion }),
    ...withoutEmpty({ summary: summary === undefined ? undefined : summaryFields(summary) }),
    ...snapshot.otherFields,
  });
}

function parseSummary(fields: JsonObject): SnapshotSummary {
  const known: Omit<SnapshotSummary, "otherFields"> = {
    backupStart: fields.requiredTime("backup_start"),
    backupEnd: fields.requiredTime("backup_end"),
    filesNew: fields.count("files_new"),
    filesChanged: fields.count("files_changed"),
    filesUnmodified: fields.count("files_unmodified"),
    dirsNew: fields.count("dirs_new"),
    dirsChanged: fields.count("dirs_changed"),
    dirsUnmodified: fields.count("dirs_unmodified"),
    dataBlobs: fields.count("data_blobs"),
    treeBlobs: fields.count("tree_blobs"),
    dataAdded: fields.count("data_added"),
    dataAddedPacked: fields.count("data_added_packed"),
    totalFilesProcessed: fields.count("total_files_processed"),
    totalBytesProcessed: fields.count("total_bytes_processed"),
  };
  return { ...known, otherFields: fields.rest() };
}

function summaryFields(summary: SnapshotSummary): JsonFields {
  return {
    backup_start: summary.backupStart.text,
    backup_end: summary.backupEnd.text,
    files_new: summary.filesNew,
    files_changed: summary.filesChanged,
    files_unmodified: summary.filesUnmodified,
    dirs_new: summary.dirsNew,
    dirs_changed: summary.dirsChanged,
    dirs_unmodified: summary.dirsUnmodified,
    data_blobs: summary.dataBlobs,
    tree_blobs: summary.treeBlobs,
    data_added: summary.dataAdded,
    data_added_packed: summary.dataAddedPacked,
    total_files_processed: summary.totalFilesProcessed,
    total_bytes_processed: summary.totalBytesProcessed,
    ...summary.otherFields,
  };
}
