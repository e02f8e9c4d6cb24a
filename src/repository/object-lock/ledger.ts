/**
 * A run's note of what its point needs, and until when that is retained: by it the next run knows what it has to extend, without asking
 * the store, and without reading trees that did not change. A run that has no ledger to start from only takes longer.
 *
 * `{"version":1,"tree":…,"retained":[{"until":ms,"packs":[id…],"files":[key…]}]}`, sealed.
 */
import { DomainError } from "../../base/errors.ts";
import { type HexId, parseHexId } from "../../base/ids.ts";
import type { Snapshot } from "../format/snapshot.ts";
import { type ObjectKey, parseObjectKey } from "../../storage/object-store.ts";

export interface Ledger {
  /** The point's tree. */
  readonly tree: HexId;
  /** All packs that the tree needs, and perhaps some that earlier points did, with the moment until which each is retained. */
  readonly packs: ReadonlyMap<HexId, number>;
  /** Other files that the repository cannot do without. */
  readonly files: ReadonlyMap<ObjectKey, number>;
}

/** The name of Holdfast's own field of a snapshot. restic drops it when it rewrites one: then the next run starts without a ledger. */
const SNAPSHOT_FIELD = "holdfast";

/** The snapshot with this ledger noted in it, or with none: what it noted before belongs to another run, or another repository. */
export function withLedger(snapshot: Snapshot, ledger: HexId | undefined): Snapshot {
  const { [SNAPSHOT_FIELD]: before, ...others } = snapshot.otherFields;
  const { ledger: _, ...own } = (typeof before === "object" && before !== null ? before : {}) as Record<string, unknown>;
  const next = ledger === undefined ? own : { ...own, ledger };
  return { ...snapshot, otherFields: Object.keys(next).length === 0 ? others : { ...others, [SNAPSHOT_FIELD]: next } };
}

/** The ledger that a snapshot notes. */
export function ledgerOf({ otherFields }: Pick<Snapshot, "otherFields">): HexId | undefined {
  const own = otherFields[SNAPSHOT_FIELD];
  if (typeof own !== "object" || own === null || !("ledger" in own) || typeof own.ledger !== "string") return undefined;
  return ID_FORM.test(own.ledger) ? (own.ledger as HexId) : undefined;
}

const VERSION = 1;
const ID_FORM = /^[0-9a-f]{64}$/;

export function serializeLedger({ tree, packs, files }: Ledger): Uint8Array {
  const untils = [...new Set([...packs.values(), ...files.values()])].toSorted((a, b) => a - b);
  const retained = untils.map((until) => ({ until, packs: keysAt(packs, until), files: keysAt(files, until) }));
  return Buffer.from(JSON.stringify({ version: VERSION, tree, retained }));
}

/**
 * @throws {DomainError} corrupt/ledger
 * @throws {DomainError} unsupported/ledger_version
 */
export function parseLedger(json: Uint8Array): Ledger {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(json));
  } catch (cause) {
    throw new DomainError("corrupt", "ledger", "Cannot read a ledger: it is not JSON", { cause });
  }
  const { version, tree, retained } = fieldsOf(value);
  if (version !== VERSION) {
    throw new DomainError("unsupported", "ledger_version", "Cannot read a ledger: it has a newer version", {
      hint: "Use a newer Holdfast",
    });
  }
  const packs = new Map<HexId, number>();
  const files = new Map<ObjectKey, number>();
  try {
    for (const entry of listOf(retained).map(fieldsOf)) {
      const until = entry["until"];
      if (typeof until !== "number" || !Number.isSafeInteger(until)) throw badField("until");
      for (const id of listOf(entry["packs"])) packs.set(parseHexId(textOf(id)), until);
      for (const key of listOf(entry["files"])) files.set(parseObjectKey(textOf(key)), until);
    }
    return { tree: parseHexId(textOf(tree)), packs, files };
  } catch (cause) {
    throw new DomainError("corrupt", "ledger", "Cannot read a ledger: a field is not what it must be", { cause });
  }
}

function keysAt<K>(dates: ReadonlyMap<K, number>, until: number): K[] {
  return Array.from(dates).flatMap(([key, at]) => (at === until ? [key] : []));
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) throw badField("object");
  return value as Readonly<Record<string, unknown>>;
}

function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw badField("list");
  return value;
}

function textOf(value: unknown): string {
  if (typeof value !== "string") throw badField("text");
  return value;
}

function badField(what: string): DomainError {
  return new DomainError("corrupt", "ledger", `Cannot read a ledger: no ${what} where one must be`);
}
