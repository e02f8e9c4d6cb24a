/** What a store must do, one property at a time, each on objects of its own. */
import { hash } from "node:crypto";
import { DomainError } from "../base/errors.ts";
import { bodyOf, codeOf, isEqual, ok, type Probe, type Proof, unfit } from "./check-probe.ts";
import { proveLock, proveVersions } from "./check-versions.ts";
import { compareKeys } from "./order.ts";

export type PropertyName =
  | "reachable"
  | "credentials"
  | "clock"
  | "put-get"
  | "range"
  | "read-after-write"
  | "create-only"
  | "list"
  | "delete"
  | "versions"
  | "lock";

export interface Property {
  readonly name: PropertyName;
  /** Without it nothing else can be tried. */
  readonly isBasic: boolean;
  /** @throws {DomainError} unsupported/storage_unfit, or what the store threw: it has failed */
  readonly prove: (probe: Probe) => Promise<Proof>;
}

export const PROPERTIES: readonly Property[] = [
  { name: "reachable", isBasic: true, prove: proveReachable },
  { name: "credentials", isBasic: true, prove: proveCredentials },
  { name: "clock", isBasic: false, prove: proveClock },
  { name: "put-get", isBasic: false, prove: provePutGet },
  { name: "range", isBasic: false, prove: proveRange },
  { name: "read-after-write", isBasic: false, prove: proveReadAfterWrite },
  { name: "create-only", isBasic: false, prove: proveCreateOnly },
  { name: "list", isBasic: false, prove: proveList },
  { name: "delete", isBasic: false, prove: proveDelete },
  { name: "versions", isBasic: false, prove: proveVersions },
  { name: "lock", isBasic: false, prove: proveLock },
];

/** Signatures hold for 15 minutes; restic takes a lock for stale after 30 by its own clock, and stops with its own after 22.5. */
const MAX_SKEW_MS = 5 * 60_000;
const BODY_BYTES = 100_000;
const OVERWRITES = 5;
const RIVALS = 8;
const SECOND_MS = 1_000;
/** Upper case comes before lower, and a slash before letters and digits; the last is above U+FFFF, where JavaScript sorts differently. */
const LISTED = ["B", "a-b", "a.b", "a/b", "a0", "é", "\uffee", "😀"] as const;

async function proveReachable({ store, prefix, signal }: Probe): Promise<Proof> {
  try {
    await Array.fromAsync(store.list(prefix, { signal }));
  } catch (error) {
    if (!(error instanceof DomainError) || (error.kind !== "unauthenticated" && error.kind !== "forbidden")) throw error;
  }
  return ok("It answers");
}

async function proveCredentials({ store, prefix, key, signal, putSignal }: Probe): Promise<Proof> {
  await store.put(key("credentials"), bodyOf("credentials"), { signal: putSignal });
  await store.get(key("credentials"), { signal });
  await Array.fromAsync(store.list(prefix, { signal }));
  await store.delete(key("credentials"), { signal });
  return ok("They allow to list, read, write and delete");
}

async function proveClock({ store, clock, key, signal, putSignal }: Probe): Promise<Proof> {
  const beforeMs = clock.now();
  await store.put(key("clock"), bodyOf("clock"), { signal: putSignal });
  const afterMs = clock.now();
  const { modifiedMs } = await store.info(key("clock"), { signal });
  // S3 dates by whole seconds.
  const earlyMs = Math.max(0, beforeMs - SECOND_MS - modifiedMs);
  const lateMs = Math.max(0, modifiedMs - afterMs);
  const skewSeconds = Math.round(Math.max(earlyMs, lateMs) / SECOND_MS);
  if (Math.max(earlyMs, lateMs) > MAX_SKEW_MS) {
    const state = `its clock is ${skewSeconds} s ${earlyMs > 0 ? "behind" : "ahead of"} that of this machine`;
    throw new DomainError("unavailable", "clock_skew", `Cannot rely on ${store.url}: ${state}`, {
      details: { skewSeconds },
      hint: "Set the clock of this machine, or of the server, by NTP",
    });
  }
  return ok(skewSeconds === 0 ? "It agrees with that of this machine" : `It differs from that of this machine by ${skewSeconds} s`);
}

async function provePutGet(probe: Probe): Promise<Proof> {
  const { store, key, signal, putSignal } = probe;
  for (const body of [new Uint8Array(0), longBody()]) {
    const at = key(`put-get-${body.length}`);
    await store.put(at, body, { signal: putSignal, sha256: hash("sha256", body, "buffer") });
    if (!isEqual(await store.get(at, { signal }), body)) throw unfit(probe, "it gives other bytes than were put");
    const { sizeBytes } = await store.info(at, { signal });
    if (sizeBytes !== body.length) throw unfit(probe, `it says ${sizeBytes} bytes of an object of ${body.length}`);
  }
  return ok("It gives the bytes that were put");
}

async function proveRange(probe: Probe): Promise<Proof> {
  const { store, key, signal, putSignal } = probe;
  const body = longBody();
  await store.put(key("range"), body, { signal: putSignal });
  for (const [offset, length] of [
    [0, 1],
    [1_234, 5_678],
    [body.length - 1, 1],
  ] as const) {
    const part = await store.get(key("range"), { signal, range: { offset, length } });
    if (!isEqual(part, body.subarray(offset, offset + length)))
      throw unfit(probe, "it gives other bytes than the range that was asked for");
  }
  const past = store.get(key("range"), { signal, range: { offset: body.length - 1, length: 2 } });
  if ((await codeOf(past)) !== "storage_torn") throw unfit(probe, "it gives a range that ends after the object");
  return ok("It gives parts of objects");
}

async function proveReadAfterWrite(probe: Probe): Promise<Proof> {
  const { store, key, signal, putSignal } = probe;
  const at = key("overwritten");
  for (let round = 0; round < OVERWRITES; round++) {
    const body = bodyOf(`round ${round}`);
    await store.put(at, body, { signal: putSignal });
    if (!isEqual(await store.get(at, { signal }), body)) throw unfit(probe, "a reader does not see what was just written");
  }
  return ok("A reader sees at once what was written");
}

async function proveCreateOnly(probe: Probe): Promise<Proof> {
  const { store, key, signal, putSignal } = probe;
  const at = key("created");
  await store.put(at, bodyOf("first"), { signal: putSignal, ifAbsent: true });
  if ((await codeOf(store.put(at, bodyOf("second"), { signal: putSignal, ifAbsent: true }))) !== "object_exists") {
    throw unfit(probe, "it replaces an object where it was told to create one");
  }
  const race = key("raced");
  const rivals = Array.from({ length: RIVALS }, (_, number) => bodyOf(`rival ${number}`));
  const codes = await Promise.all(rivals.map((body) => codeOf(store.put(race, body, { signal: putSignal, ifAbsent: true }))));
  const winners = rivals.filter((_, number) => codes[number] === undefined);
  const [winner] = winners;
  if (winner === undefined || winners.length > 1) {
    throw unfit(probe, `${winners.length} of ${RIVALS} who created one object at once were told that they did`);
  }
  if (!isEqual(await store.get(race, { signal }), winner))
    throw unfit(probe, "it keeps the bytes of one who was told that another came first");
  return ok(`Of ${RIVALS} who create one object at once, one succeeds`);
}

async function proveList(probe: Probe): Promise<Proof> {
  const { store, prefix, key, signal, putSignal } = probe;
  const folder = `${prefix}list-`;
  const keys = LISTED.map((name) => key(`list-${name}`)).toSorted(compareKeys);
  for (const [at, one] of keys.toReversed().entries()) {
    await store.put(one, bodyOf(one), { signal: putSignal });
    const listed = await Array.fromAsync(store.list(folder, { signal }));
    if (listed.length !== at + 1) throw unfit(probe, "a list does not show what was just written");
  }
  for (const [at, after] of [undefined, ...keys].entries()) {
    const listed = await Array.fromAsync(store.list(folder, { signal, after }));
    const found = listed.map((object) => object.key);
    if (found.join("\n") !== keys.slice(at).join("\n"))
      throw unfit(probe, "a list is not in the order of the names, or does not go on where it is told");
  }
  return ok("It is complete at once, in order, and goes on where it is told");
}

async function proveDelete(probe: Probe): Promise<Proof> {
  const { store, prefix, key, signal, putSignal } = probe;
  const at = key("deleted");
  await store.put(at, bodyOf("deleted"), { signal: putSignal });
  await store.delete(at, { signal });
  if ((await codeOf(store.get(at, { signal }))) !== "object_not_found") throw unfit(probe, "a reader sees what was just deleted");
  const listed = await Array.fromAsync(store.list(`${prefix}deleted`, { signal }));
  if (listed.length > 0) throw unfit(probe, "a list shows what was just deleted");
  await store.delete(at, { signal });
  return ok("What is deleted is gone at once");
}

/** With no part like another. */
function longBody(): Uint8Array {
  return new Uint8Array(new Uint32Array(BODY_BYTES / 4).map((_, at) => at).buffer);
}
