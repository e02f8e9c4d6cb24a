import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "../base/clock.ts";
import { DomainError } from "../base/errors.ts";
import { FakeClock } from "../base/testing/fake-clock.ts";
import { checkStore, type StoreCheck, type StoreCheckOptions } from "./check.ts";
import { faulty } from "./faulty.ts";
import { FileStore } from "./file.ts";
import { MemoryStore } from "./memory.ts";
import type { ObjectInfo, ObjectKey, ObjectLocking, ObjectStore, ObjectVersions, VersionInfo } from "./object-store.ts";

type Full = ObjectStore & { readonly versions: ObjectVersions; readonly locking: ObjectLocking };

interface Checked {
  readonly check: StoreCheck;
  /** Of the store as it is: what the check left. */
  readonly left: readonly VersionInfo[];
}

/** Checks a store with everything, wrapped so that something is wrong with it. */
async function checkBroken(
  wrap: (store: Full, clock: FakeClock) => Partial<Full>,
  options: Partial<StoreCheckOptions> = {},
): Promise<Checked> {
  const clock = new FakeClock();
  const memory = new MemoryStore({ clock, versioned: true });
  const whole = faulty(memory, () => undefined) as Full;
  const checking = checkStore({ ...whole, ...wrap(whole, clock) }, { clock, lock: true, ...options });
  const pending = new Set([checking]);
  const settle = (): void => void pending.delete(checking);
  checking.then(settle, settle);
  while (pending.size > 0) await clock.advance(100);
  return { check: await checking, left: await Array.fromAsync(whole.versions.list("")) };
}

function inState({ properties }: StoreCheck, wanted: string): string[] {
  return properties.filter(({ state }) => state === wanted).map(({ property }) => property);
}

async function* iterate<T>(items: readonly T[]): AsyncGenerator<T, void, undefined> {
  yield* items;
}

test("checkStore() finds nothing wrong with a store that has everything, and leaves nothing", async () => {
  const { check, left } = await checkBroken(() => ({}));
  assert.equal(check.error, undefined);
  assert.equal(inState(check, "ok").length, check.properties.length, JSON.stringify(check.properties));
  assert.deepEqual(left, []);
});

test("checkStore() finds nothing wrong with a folder, and leaves nothing", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-check-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await using store = new FileStore(folder, systemClock);
  const check = await checkStore(store, { clock: systemClock, signal: t.signal });
  assert.equal(check.error, undefined);
  assert.deepEqual(inState(check, "not-offered"), ["versions", "lock"]);
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  assert.deepEqual(files, []);
});

function dateOff(info: ObjectInfo, byMs: number): ObjectInfo {
  return info.key.endsWith("-clock") ? { ...info, modifiedMs: info.modifiedMs + byMs } : info;
}

const busy = new DomainError("unavailable", "storage_unavailable", "Cannot list: the server is busy");
const forbidden = new DomainError("forbidden", "storage_forbidden", "Cannot put: the credentials do not allow it");
const ofLength = (bytes: Uint8Array, min: number): boolean => bytes.length > min;

/** What is wrong, the properties that must be named for it, and the kind of the error. */
const BROKEN: readonly (readonly [what: string, named: readonly string[], kind: string, wrap: Parameters<typeof checkBroken>[0]])[] = [
  [
    "no answer",
    ["reachable"],
    "unavailable",
    ({ versions }) => ({
      list: () => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(busy) }) }),
      versions: { ...versions, list: () => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(busy) }) }) },
    }),
  ],
  ["credentials that may only read", ["credentials"], "forbidden", () => ({ put: () => Promise.reject(forbidden) })],
  [
    "a clock ten minutes ahead",
    ["clock"],
    "unavailable",
    (store) => ({
      info: async (key) => dateOff(await store.info(key), 600_000),
    }),
  ],
  [
    "a clock ten minutes behind",
    ["clock"],
    "unavailable",
    (store) => ({
      info: async (key) => dateOff(await store.info(key), -600_000),
    }),
  ],
  [
    "other bytes",
    ["put-get"],
    "unsupported",
    (store) => ({
      get: async (key, options) => {
        const bytes = await store.get(key, options);
        if (options?.range === undefined && ofLength(bytes, 50_000)) bytes[77_777] = 1;
        return bytes;
      },
    }),
  ],
  [
    "a wrong size",
    ["put-get"],
    "unsupported",
    (store) => ({
      info: async (key) => ({ ...(await store.info(key)), sizeBytes: 7 }),
    }),
  ],
  [
    "ranges that are ignored",
    ["range"],
    "unsupported",
    (store) => ({ get: (key, options) => store.get(key, { signal: options?.signal }) }),
  ],
  [
    "ranges that are cut at the end",
    ["range"],
    "unsupported",
    (store) => ({
      get: async (key, { range, ...rest } = {}) => {
        const bytes = await store.get(key, rest);
        return range === undefined ? bytes : bytes.subarray(range.offset, range.offset + range.length);
      },
    }),
  ],
  [
    "readers that see what was there before",
    ["read-after-write"],
    "unsupported",
    (store) => {
      const before = new Map<ObjectKey, Uint8Array>();
      return {
        put: async (key, body, options) => {
          const old = await store.get(key).catch(() => undefined);
          await store.put(key, body, options);
          if (old !== undefined) before.set(key, old);
        },
        get: async (key, options) => before.get(key) ?? store.get(key, options),
      };
    },
  ],
  [
    "create-only puts that replace",
    ["create-only"],
    "unsupported",
    (store) => ({
      put: (key, body, options) => store.put(key, body, { ...options, ifAbsent: false }),
    }),
  ],
  [
    "create-only puts that look first and put then",
    ["create-only"],
    "unsupported",
    (store) => ({
      put: async (key, body, { ifAbsent = false, ...options } = {}) => {
        if (ifAbsent && (await Array.fromAsync(store.list(key))).length > 0) {
          throw new DomainError("conflict", "object_exists", "Cannot create it: there is one");
        }
        await store.put(key, body, options);
      },
    }),
  ],
  [
    "create-only puts that tell all that they lost",
    ["create-only"],
    "unsupported",
    (store) => ({
      put: async (key, body, options) => {
        await store.put(key, body, options);
        if (key.endsWith("raced")) throw new DomainError("conflict", "object_exists", "Cannot create it: there is one");
      },
    }),
  ],
  [
    "lists that come late",
    ["list"],
    "unsupported",
    (store) => ({
      async *list(prefix, options) {
        const all: ObjectInfo[] = await Array.fromAsync(store.list(prefix, options));
        yield* all.slice(0, prefix.endsWith("list-") ? -1 : undefined);
      },
    }),
  ],
  [
    "lists in the order of UTF-16",
    ["list"],
    "unsupported",
    (store) => ({
      async *list(prefix, options) {
        yield* (await Array.fromAsync(store.list(prefix, options))).toSorted((a, b) => (a.key < b.key ? -1 : 1));
      },
    }),
  ],
  ["lists that always start at the front", ["list"], "unsupported", (store) => ({ list: (prefix) => store.list(prefix) })],
  ["deletes that do nothing", ["delete", "versions"], "unsupported", () => ({ delete: () => Promise.resolve() })],
  [
    "lists that show what was deleted",
    ["delete"],
    "unsupported",
    (store) => ({
      list: (prefix, options) => {
        const info = { key: prefix as ObjectKey, sizeBytes: 1, modifiedMs: 0 };
        return prefix.endsWith("-deleted") ? iterate([info]) : store.list(prefix, options);
      },
    }),
  ],
  [
    "versions that are not kept",
    ["versions"],
    "unsupported",
    ({ versions }) => ({
      versions: {
        ...versions,
        async *list(prefix, options) {
          yield* (await Array.fromAsync(versions.list(prefix, options))).filter(({ isLatest }) => isLatest || !prefix.endsWith("version"));
        },
      },
    }),
  ],
  [
    "versions that are mixed up",
    ["versions"],
    "unsupported",
    (store) => ({
      versions: { ...store.versions, get: (key, _version, options) => store.get(key, options).catch(() => new Uint8Array(3)) },
    }),
  ],
  [
    "a retention that can be shortened",
    ["lock"],
    "unsupported",
    ({ locking }) => ({
      locking: { ...locking, retainUntil: () => Promise.resolve() },
    }),
  ],
  [
    "a retention that is not kept",
    ["lock"],
    "unsupported",
    (store) => ({
      put: (key, body, options) => store.put(key, body, { ...options, retainUntilMs: undefined }),
    }),
  ],
  [
    "a legal hold that is not kept",
    ["lock"],
    "unsupported",
    ({ locking }) => ({
      locking: { ...locking, setLegalHold: () => Promise.resolve() },
    }),
  ],
  [
    "objects that cannot be removed",
    ["cleanup"],
    "forbidden",
    ({ versions }) => ({
      versions: {
        ...versions,
        delete: (key, version) => (key.endsWith("-clock") ? Promise.reject(forbidden) : versions.delete(key, version)),
      },
    }),
  ],
];

for (const [what, named, kind, wrap] of BROKEN) {
  test(`checkStore() names ${what}`, async () => {
    const { check, left } = await checkBroken(wrap);
    assert.deepEqual(inState(check, "failed"), named, JSON.stringify(check.properties));
    assert.equal(check.error?.kind, kind);
    assert.deepEqual(left.length > 0, named.includes("cleanup"));
    const isUsable = !named.includes("reachable") && !named.includes("credentials");
    assert.equal(inState(check, "not-tried").length > 0, !isUsable);
  });
}

test("checkStore() proves Object Lock only where it is asked for, and then asks for it", async () => {
  const { check } = await checkBroken(() => ({}), { lock: false });
  assert.deepEqual([inState(check, "not-tried"), check.error], [["lock"], undefined]);
  const without = await checkBroken(() => ({ locking: undefined }) as unknown as Partial<Full>);
  assert.deepEqual([without.check.error?.kind, without.check.error?.code], ["unsupported", "object_lock"]);
});

test("checkStore() warns of a bucket that locks everything", async () => {
  const { check, left } = await checkBroken((store, clock) => ({
    put: (key, body, options) => store.put(key, body, { ...options, retainUntilMs: options?.retainUntilMs ?? clock.now() + 86_400_000 }),
  }));
  assert.deepEqual(inState(check, "warning"), ["versions", "cleanup"]);
  assert.equal(check.error, undefined);
  assert.ok(left.length > 0);
  assert.match(
    check.properties.at(-1)?.meaning ?? "",
    /^\d+ objects named "holdfast-check-[0-9A-Z]{26}-…" stay until their retention ends/,
  );
});

test("checkStore() that is cancelled ends with the reason, and removes what it wrote", async () => {
  const clock = new FakeClock();
  const store = new MemoryStore({ clock });
  const abort = new AbortController();
  const reason = new DomainError("cancelled", "cancelled", "Cancelled");
  const stopping = faulty(store, ({ key }) => {
    if (key.endsWith("raced")) abort.abort(reason);
    return undefined;
  });
  await assert.rejects(checkStore(stopping, { clock, signal: abort.signal }), reason);
  assert.deepEqual(await Array.fromAsync(store.list("")), []);
});

test("checkStore() does not wait for ever to remove what it wrote", async () => {
  const clock = new FakeClock();
  const store = faulty(new MemoryStore({ clock }), ({ name, key }) => (name === "delete" && key.endsWith("clock") ? "hangs" : undefined));
  const checking = checkStore(store, { clock });
  for (let round = 0; round < 20; round++) await clock.advance(2_000);
  const check = await checking;
  assert.deepEqual([inState(check, "failed"), check.error?.code], [["cleanup"], "storage_slow"]);
});
