/** Holds the files that open a repository against their spares: what is wrong with either, and what it should be. */
import { mapConcurrent } from "../../base/concurrency.ts";
import type { CallOptions, ObjectKey } from "../../storage/object-store.ts";
import { parseKeyFile } from "../format/key-file.ts";
import { listKeyIds } from "../keys.ts";
import { CONFIG_KEY, idOfKey, IDENTITY_KEY, keyOfFile, SPARE_FOLDER, spareOf } from "../layout.ts";
import { promisedHash } from "../object-lock/lockable-files.ts";
import { hasHash } from "../object-lock/right-version.ts";
import { isRightFile } from "../object-lock/single-files.ts";
import type { Repository } from "../repository.ts";
import type { Session } from "../session.ts";
import { readAccessFile, REPAIR_ACCESS } from "../spares.ts";
import type { Damage, Damages } from "./damages.ts";

export interface AccessFault {
  /** Of the original, also if the fault is its spare's. */
  readonly original: ObjectKey;
  readonly isOfSpare: boolean;
  /** Outdated: a spare that was right once. */
  readonly state: "missing" | "damaged" | "outdated";
  /** What both should be. */
  readonly right: Uint8Array;
}

const CONCURRENT_PAIRS = 8;
const SHORT_ID = 8;

/** What can be mended. Of a file without any right copy nothing is said: whether it is ours nobody knows. */
export async function accessFaults(repository: Repository, { signal }: CallOptions): Promise<readonly AccessFault[]> {
  const { store, retention } = repository;
  const expiring = new Set(retention?.settings.expiringKeys);
  const keys = (await listKeyIds(store, { signal })).filter((id) => !expiring.has(id));
  const originals = [CONFIG_KEY, IDENTITY_KEY, ...keys.map((id) => keyOfFile("keys", id))];
  const faults = await mapConcurrent(originals, { limit: CONCURRENT_PAIRS, signal }, async (original, signalOfAll) => {
    const read = async (key: ObjectKey): Promise<Uint8Array | undefined> => readAccessFile(store, key, { signal: signalOfAll });
    return faultOf(repository, original, await read(original), await read(spareOf(original)));
  });
  return faults.filter((fault) => fault !== undefined);
}

function faultOf(
  repository: Repository,
  original: ObjectKey,
  bytes: Uint8Array | undefined,
  spare: Uint8Array | undefined,
): AccessFault | undefined {
  const isRight = (candidate: Uint8Array): boolean => isRightAccessFile(repository, original, candidate);
  if (bytes === undefined || !isRight(bytes)) {
    if (spare === undefined || !isRight(spare)) return undefined;
    return { original, isOfSpare: false, state: bytes === undefined ? "missing" : "damaged", right: spare };
  }
  if (spare === undefined) return { original, isOfSpare: true, state: "missing", right: bytes };
  if (Buffer.compare(spare, bytes) === 0) return undefined;
  return { original, isOfSpare: true, state: isRight(spare) ? "outdated" : "damaged", right: bytes };
}

/** A key file must be one that restic reads, too. */
function isRightAccessFile(repository: Repository, key: ObjectKey, bytes: Uint8Array): boolean {
  const id = promisedHash(key);
  if (id === undefined) return isRightFile(repository, key, bytes);
  if (!hasHash(bytes, id)) return false;
  try {
    parseKeyFile(bytes);
    return true;
  } catch {
    return false;
  }
}

/** That a repository of another tool has no spares is no damage. */
export async function checkAccessFiles({ repository, signal }: Session, damages: Damages): Promise<void> {
  const { config, identity } = repository;
  const faults = await accessFaults(repository, { signal });
  const areExpected = identity !== undefined || (await hasSpares(repository, { signal }));
  for (const fault of faults) if (areExpected || !fault.isOfSpare) damages.add(damageOf(fault));
  if (config.chunker !== undefined && identity === undefined && faults.every(({ original }) => original !== IDENTITY_KEY)) {
    damages.add({
      code: "identity_missing",
      object: IDENTITY_KEY,
      state: "it is not there or damaged, so that the location's key opens the repository no more",
      remedy: 'make another password with "holdfast repository key add"',
    });
  }
}

async function hasSpares({ store }: Repository, options: CallOptions): Promise<boolean> {
  for await (const _ of store.list(SPARE_FOLDER, options)) return true;
  return false;
}

function damageOf({ original, isOfSpare, state }: AccessFault): Damage {
  if (isOfSpare) {
    const what = { missing: "it is not there", damaged: "its bytes are damaged", outdated: "it is an earlier one" }[state];
    return {
      grade: state === "damaged" ? "critical" : "info",
      code: `spare_${state}`,
      object: spareOf(original),
      state: `${what}, so that nothing can stand in for "${original}"`,
      remedy: REPAIR_ACCESS,
    };
  }
  const isLostKey = state === "missing" && idOfKey(original) !== undefined;
  return {
    code: `access_file_${state}`,
    object: original,
    state: `${state === "missing" ? "it is not there" : "its bytes are damaged"}, and its spare stands in`,
    remedy: isLostKey ? lostKeyRemedy(original) : REPAIR_ACCESS,
  };
}

/** Nobody can tell what is lost from what another program removed. */
export function lostKeyRemedy(original: ObjectKey): string {
  const id = idOfKey(original)?.slice(0, SHORT_ID);
  return `if it was lost, ${REPAIR_ACCESS.replace(/"$/, ` ${id}"`)}; if another program removed it, run "holdfast repository key remove ${id}"`;
}
