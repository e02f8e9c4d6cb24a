/** Which snapshots a command is about. */
import { resolve } from "node:path";
import { findSnapshot, type StoredSnapshot } from "../repository/snapshots.ts";
import type { SnapshotFilterOptions } from "./snapshot-options.ts";

export function parseTags(text: string): readonly string[] {
  return text.split(",").map((tag) => tag.trim());
}

/** In the order they have. */
export function filterSnapshots(snapshots: readonly StoredSnapshot[], filter: SnapshotFilterOptions): readonly StoredSnapshot[] {
  const paths = filter.path.map((path) => resolve(path));
  const tagLists = filter.tag.map(parseTags);
  return snapshots.filter(({ snapshot }) => {
    const hasAll = (tags: readonly string[]): boolean =>
      tags.every((tag) => (tag === "" ? snapshot.tags.length === 0 : snapshot.tags.includes(tag)));
    return (
      (filter.host.length === 0 || filter.host.includes(snapshot.hostname)) &&
      paths.every((path) => snapshot.paths.includes(path)) &&
      (tagLists.length === 0 || tagLists.some(hasAll))
    );
  });
}

/**
 * Those that were named, whatever the filter says, or all that it lets through; "latest" is the newest of these.
 *
 * @throws {DomainError} as findSnapshot() does
 */
export function chooseSnapshots(
  snapshots: readonly StoredSnapshot[],
  names: readonly string[],
  filter: SnapshotFilterOptions,
): readonly StoredSnapshot[] {
  if (names.length === 0) return filterSnapshots(snapshots, filter);
  return Array.from(new Set(names.map((name) => chooseSnapshot(snapshots, name, filter))));
}

/** One, by id or as "latest". Throws as findSnapshot() does. */
export function chooseSnapshot(snapshots: readonly StoredSnapshot[], name: string, filter: SnapshotFilterOptions): StoredSnapshot {
  return findSnapshot(name === "latest" ? filterSnapshots(snapshots, filter) : snapshots, name);
}
