/**
 * Before a run writes its snapshot, everything that the point needs is retained for long enough: its packs, the index files that name
 * them, and what the repository is opened with.
 */
import { forEachConcurrent } from "../../base/concurrency.ts";
import { DomainError } from "../../base/errors.ts";
import type { FindingSink } from "../../base/finding.ts";
import type { HexId } from "../../base/ids.ts";
import type { ObjectKey } from "../../storage/object-store.ts";
import { CHUNKER_KEY, CONFIG_KEY, IDENTITY_KEY, idOfKey, keyOfFile, SPARE_FOLDER } from "../layout.ts";
import { listFiles } from "../sealed-files.ts";
import type { Session } from "../session.ts";
import { extendFile } from "./extend-file.ts";
import type { RetentionDates } from "./immutability.ts";
import { retainIndexOf } from "./index-cover.ts";
import { type Ledger, parseLedger, serializeLedger } from "./ledger.ts";
import { isRetained } from "./lockable-files.ts";
import { isRightFile } from "./single-files.ts";
import { changedPacksOf, packsOf } from "./used-packs.ts";

export interface ExtensionOptions {
  /** The point's. */
  readonly tree: HexId;
  /** The ledger of an earlier run over the same files; without one every tree is read, and everything extended. */
  readonly parentLedger: HexId | undefined;
  /** Stored in this run, and so retained until `dates.untilMs` already. */
  readonly newPacks: ReadonlySet<HexId>;
  /** The run's, decided when it started. */
  readonly dates: RetentionDates;
  /** Is told of files that the point needs and that are gone. */
  readonly report: FindingSink;
}

export interface Extension {
  /** To be noted with the snapshot: the parent ledger of the next run. */
  readonly ledger: HexId;
  readonly packs: number;
  readonly extendedPacks: number;
}

const CONCURRENT_EXTENSIONS = 16;

/**
 * @param session whose store retains what it puts until `dates.untilMs`, and whose index names what this run stored, too
 * @throws {DomainError} corrupt/blob_missing: the index does not name a blob of the point
 * @throws {DomainError} unsupported/object_lock
 */
export async function extendFor(session: Session, options: ExtensionOptions): Promise<Extension> {
  const { tree, newPacks, dates } = options;
  const parent = await loadParent(session, options);
  const used = await usedPacks(session, tree, parent, dates);
  const known = new Map([...(parent?.packs ?? []), ...Array.from(newPacks, (pack) => [pack, dates.untilMs] as const)]);
  const packs = await extendDue(session, options, { names: used, keyOf: (pack) => keyOfFile("data", pack), known });
  const extended = new Set([...used].filter((pack) => packs.get(pack) !== known.get(pack)));
  await retainIndexOf(session, { packs: extended, used, untilMs: dates.untilMs });
  const access = { names: await accessFiles(session), keyOf: (key: ObjectKey) => key, known: parent?.files ?? new Map() };
  const ledger: Ledger = { tree, packs, files: await extendDue(session, options, access) };
  const id = await session.repository.files.save("ledger", serializeLedger(ledger), { signal: session.signal });
  return { ledger: id, packs: used.size, extendedPacks: extended.size };
}

/** One that cannot be read only costs time. */
async function loadParent({ repository, signal }: Session, { parentLedger }: ExtensionOptions): Promise<Ledger | undefined> {
  if (parentLedger === undefined) return undefined;
  try {
    return parseLedger(await repository.files.load("ledger", parentLedger, { signal }));
  } catch (error) {
    const isLost = error instanceof DomainError && (error.kind === "corrupt" || error.kind === "unsupported" || error.kind === "not-found");
    if (!isLost) throw error;
    return undefined;
  }
}

/**
 * Trees that did not change use packs that the parent's ledger names, though nobody knows which of them; with these the set may be too
 * large. That is good enough as long as none of them is due; then every tree is read, and the set is exact again.
 */
async function usedPacks(session: Session, tree: HexId, parent: Ledger | undefined, { neededMs }: RetentionDates): Promise<Set<HexId>> {
  if (parent === undefined) return packsOf(session, tree);
  const changed = await changedPacksOf(session, tree, parent.tree);
  if (!changed.inherits) return changed.packs;
  const isInheritedDue = parent.packs.entries().some(([pack, untilMs]) => untilMs < neededMs && !changed.packs.has(pack));
  return isInheritedDue ? packsOf(session, tree) : changed.packs.union(new Set(parent.packs.keys()));
}

/** What the repository is opened with, and its settings. */
export async function accessFiles({ repository, signal }: Pick<Session, "repository" | "signal">): Promise<readonly ObjectKey[]> {
  const { store, identity, config, retention } = repository;
  const listed = await Array.fromAsync(listFiles(store, "keys", { signal }), ({ id }) => keyOfFile("keys", id));
  const spares = await Array.fromAsync(store.list(SPARE_FOLDER, { signal }), ({ key }) => key);
  const expiring = new Set(retention?.settings.expiringKeys);
  const isExpiring = (key: ObjectKey): boolean => {
    const id = idOfKey(key);
    return id !== undefined && expiring.has(id);
  };
  return [
    CONFIG_KEY,
    ...(identity === undefined ? [] : [IDENTITY_KEY]),
    ...(config.chunker === undefined ? [] : [CHUNKER_KEY]),
    ...[...listed, ...spares.filter(isRetained)].filter((key) => !isExpiring(key)),
    ...(retention === undefined ? [] : [keyOfFile("settings", retention.settings.id)]),
  ];
}

interface Extendable<T> {
  readonly names: Iterable<T>;
  readonly keyOf: (name: T) => ObjectKey;
  /** Until when each is retained. */
  readonly known: ReadonlyMap<T, number>;
}

/** Extends what is due, and gives until when each is retained then; what is gone is left out. */
async function extendDue<T>(
  { repository, signal }: Session,
  { dates, report }: ExtensionOptions,
  { names, keyOf, known }: Extendable<T>,
): Promise<Map<T, number>> {
  const retained = new Map<T, number>();
  await forEachConcurrent(names, { limit: CONCURRENT_EXTENSIONS, signal }, async (name, signalOfAll) => {
    const untilMs = known.get(name) ?? 0;
    if (untilMs >= dates.neededMs) {
      retained.set(name, untilMs);
      return;
    }
    const key = keyOf(name);
    const isRight = (bytes: Uint8Array): boolean => isRightFile(repository, key, bytes);
    try {
      await extendFile(repository.store, key, dates.untilMs, { isRight, signal: signalOfAll });
      retained.set(name, dates.untilMs);
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== "object_not_found") throw error;
      report({ grade: "critical", code: "locked_object_missing", object: key, message: error.message });
    }
  });
  return retained;
}
