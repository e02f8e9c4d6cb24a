/** Why prune refuses a repository: what is needed is not known for sure, so nothing may be removed. */
import { DomainError } from "../../base/errors.ts";
import type { HexId } from "../../base/ids.ts";

const NAMED = 10;
const REPAIR = 'Nothing was removed. Run "holdfast repository check" to see what is damaged, then "holdfast repository repair"';

export function noCompression(): DomainError {
  return new DomainError("unsupported", "compression", "Cannot compress data: the repository has version 1 of the format", {
    hint: 'Run "holdfast repository migrate" first',
  });
}

export function indexChanged(): DomainError {
  return new DomainError("conflict", "index_changed", "Cannot prune: somebody has added to the repository meanwhile", {
    hint: "Run it again",
  });
}

export function indexDamaged(): DomainError {
  return new DomainError("corrupt", "index_damaged", "Cannot prune: a part of the index cannot be read", { hint: REPAIR });
}

export function snapshotsDamaged(ids: readonly HexId[]): DomainError {
  return new DomainError("corrupt", "snapshots_damaged", `Cannot prune: ${ids.length} snapshots cannot be read`, {
    details: { snapshots: ids.slice(0, NAMED) },
    hint: REPAIR,
  });
}

export function blobsMissing(missing: ReadonlySet<string>): DomainError {
  return new DomainError("corrupt", "blobs_missing", `Cannot prune: snapshots need ${missing.size} blobs that no index names`, {
    details: { blobs: [...missing].slice(0, NAMED) },
    hint: REPAIR,
  });
}

export function packsMissing(ids: readonly HexId[]): DomainError {
  return new DomainError("corrupt", "packs_missing", `Cannot prune: ${ids.length} packs are missing that snapshots need`, {
    details: { packs: ids.slice(0, NAMED) },
    hint: REPAIR,
  });
}

export function packSize({ id, fileBytes }: { readonly id: HexId; readonly fileBytes: number }, sizeBytes: number): DomainError {
  const state = `pack "${id}" has ${sizeBytes} bytes, by the index it should have ${fileBytes}`;
  return new DomainError("corrupt", "pack_size", `Cannot prune: ${state}`, { details: { pack: id }, hint: REPAIR });
}
