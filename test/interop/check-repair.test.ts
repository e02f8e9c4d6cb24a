/** restic and Holdfast agree about what is damaged, and restic finds nothing wrong with what Holdfast repaired. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { resticBinary } from "../../dev/peers/restic.ts";
import { systemClock } from "../../src/base/clock.ts";
import type { HexId } from "../../src/base/ids.ts";
import { type CheckResult, checkRepository } from "../../src/repository/check/check.ts";
import { removeKey } from "../../src/repository/keys.ts";
import { CONFIG_KEY, idOfKey, keyOfFile } from "../../src/repository/layout.ts";
import { type MendedFile, repairAccess } from "../../src/repository/repair/repair-access.ts";
import { repairIndex } from "../../src/repository/repair/repair-index.ts";
import { repairPacks } from "../../src/repository/repair/repair-packs.ts";
import { repairSnapshots } from "../../src/repository/repair/repair-snapshots.ts";
import { openRepository, type Repository } from "../../src/repository/repository.ts";
import { openSession, type Session } from "../../src/repository/session.ts";
import { FileStore } from "../../src/storage/file.ts";
import type { ObjectStore } from "../../src/storage/object-store.ts";
import { damage, type DamageKind, DAMAGES, keysOf } from "../support/damaged-copies.ts";
import { cheapenKeys } from "../support/cheap-keys.ts";
import { environment } from "../support/environment.ts";
import { noise } from "../support/file-tree.ts";
import { runProgram } from "../support/program.ts";

const PASSWORD = "test";
const REPORT = { dryRun: false, clock: systemClock, report: (): void => undefined } as const;

interface Peer {
  readonly store: ObjectStore;
  /** Where restic runs. */
  readonly folder: string;
  readonly source: string;
  /** Gives restic's exit code and what it says. */
  readonly restic: (...args: readonly string[]) => Promise<{ readonly exitCode: number; readonly text: string }>;
}

for (const version of ["1", "2"]) {
  test(`A repository of restic, version ${version}: checkRepository() finds it whole, and counts what restic has`, async (t) => {
    const { store, restic } = await makeRepository(t, version);
    const result = await check(store);
    assert.ok(result.ok && result.findings.length === 0);
    assert.equal(result.snapshots, 2);
    assert.equal(result.packsRead, result.packs);
    const blobs = await restic("list", "blobs");
    assert.equal(result.usedBlobs + result.unusedBlobs + result.duplicateBlobs, blobs.text.trim().split("\n").length);
    assert.equal(result.unusedBlobs, 0);
  });
}

for (const kind of ["flipped in the middle", "cut", "removed"] satisfies DamageKind[]) {
  test(`A pack or index file of restic, ${kind}: Holdfast finds what restic finds, and restic finds the repair clean`, async (t) => {
    const { store, source, restic } = await makeRepository(t, "2");
    // Found anew each time, since repairs write new files.
    for (const [folder, number] of [
      ["data/", 0],
      ["data/", 1],
      ["index/", 0],
    ] as const) {
      const key = (await keysOf(store)).filter((candidate) => candidate.startsWith(folder))[number] ?? assert.fail();
      await damage(store, key, kind);
      assert.notEqual((await restic("check", "--read-data")).exitCode, 0);
      assert.equal((await check(store)).ok, false);

      await withSession(store, (session) => repairIndex(session, { ...REPORT, readAllPacks: false }));
      const id = idOfKey(key);
      if (key.startsWith("data/") && kind !== "removed" && id !== undefined) {
        await withSession(store, (session) => repairPacks(session, { ...REPORT, packs: [id] }));
      }
      await backUp(restic, source);
      const checked = await restic("check", "--read-data");
      assert.equal(checked.exitCode, 0, checked.text);
      assert.ok((await check(store)).ok);
    }
  });
}

test("repairSnapshots() leaves what restic's repair leaves", async (t) => {
  const ours = await makeRepository(t, "2");
  const pack = (await keysOf(ours.store)).find((key) => key.startsWith("data/")) ?? assert.fail();
  await ours.store.delete(pack);
  await withSession(ours.store, (session) => repairIndex(session, { ...REPORT, readAllPacks: false }));
  assert.equal((await ours.restic("check")).exitCode, 1);
  const dryRun = await ours.restic("repair", "snapshots", "--dry-run");
  const { rewritten, removed } = await withSession(ours.store, (session) =>
    repairSnapshots(session, { ...REPORT, snapshots: session.snapshots, forget: true }),
  );
  assert.ok(dryRun.text.includes(`would modify ${removed.length} snapshots`), dryRun.text);
  const checked = await ours.restic("check", "--read-data");
  assert.equal(checked.exitCode, 0, checked.text);
  const again = await ours.restic("repair", "snapshots");
  assert.ok(again.text.includes("no snapshots were modified"), again.text);
  const listed = JSON.parse((await ours.restic("snapshots", "--json")).text) as { id: HexId; original?: HexId; tags?: string[] }[];
  for (const { id, original } of rewritten) {
    const snapshot = listed.find((found) => found.id === id);
    assert.equal(snapshot?.original, original);
    assert.deepEqual(snapshot.tags, ["repaired"]);
  }
});

test("Spares: restic takes no notice of them, and opens the repository with what the repair puts back", async (t) => {
  const { store, restic } = await makeRepository(t, "2");
  const keyId = await withSession(store, async ({ repository }) => {
    assert.equal((await mend(repository)).length, 2);
    return repository.keyId;
  });
  for (const key of [CONFIG_KEY, keyOfFile("keys", keyId)]) {
    for (const kind of DAMAGES) {
      await damage(store, key, kind);
      assert.notEqual((await restic("snapshots")).exitCode, 0);
      assert.equal((await check(store)).ok, false);
      await withSession(store, async ({ repository }) => mend(repository));
      const checked = await restic("check", "--read-data");
      assert.deepEqual([checked.exitCode, (await check(store)).findings], [0, []], checked.text);
    }
  }
});

test("A key that restic removes: its spare is named, and opens the repository no more once the key is removed here, too", async (t) => {
  const { store, folder, restic } = await makeRepository(t, "2");
  await withSession(store, async ({ repository }) => mend(repository));
  const old = await openRepository(store, { kind: "password", password: PASSWORD });
  writeFileSync(join(folder, "new"), "of restic");
  assert.equal((await restic("key", "passwd", "--new-password-file", "new")).exitCode, 0);
  const { keyId, findings } = await openRepository(store, { kind: "password", password: PASSWORD });
  assert.deepEqual([keyId, findings.map(({ code }) => code)], [old.keyId, ["spare_used"]]);
  const opened = await openRepository(store, { kind: "password", password: "of restic" });
  const named = await withOpened(opened, checkAll);
  assert.deepEqual(
    new Set(named.findings.map(({ code, object }) => `${code} ${object}`)),
    new Set([`access_file_missing keys/${old.keyId}`, `spare_missing ${keyOfFile("spareKeys", opened.keyId)}`]),
  );
  await removeKey(store, old.keyId, opened.keyId, { clock: systemClock });
  await mend(opened);
  await assert.rejects(openRepository(store, { kind: "password", password: PASSWORD }), { code: "wrong_repository_key" });
  assert.deepEqual((await withOpened(opened, checkAll)).findings, []);
});

async function mend(repository: Repository): Promise<readonly MendedFile[]> {
  return repairAccess(repository, { dryRun: false, lostKeys: [], report: ({ message }) => assert.fail(message) });
}

async function makeRepository(t: TestContext, version: string): Promise<Peer> {
  const folder = await environment(t).temporaryFolder();
  const program = await resticBinary(t.signal);
  const [repository, source] = [join(folder, "repository"), join(folder, "source")];
  const restic: Peer["restic"] = async (...args) => {
    const { exitCode, stdout, stderr } = await runProgram(program, ["--no-cache", "--repo", repository, ...args], {
      env: { RESTIC_PASSWORD: PASSWORD, HOME: folder, PATH: process.env["PATH"] ?? "" },
      cwd: folder,
      signal: t.signal,
    });
    return { exitCode, text: `${stdout}${exitCode === 0 ? "" : stderr}` };
  };
  assert.equal((await restic("init", "--repository-version", version)).exitCode, 0);
  await cheapenKeys(repository, PASSWORD);
  mkdirSync(join(source, "deep/deeper"), { recursive: true });
  writeFileSync(join(source, "large"), noise(3_000_000, 1));
  writeFileSync(join(source, "deep/text"), "a text ".repeat(1_000));
  writeFileSync(join(source, "deep/deeper/more"), noise(100_000, 2));
  await backUp(restic, source);
  await backUp(restic, source);
  return { store: new FileStore(repository, systemClock), folder, source, restic };
}

/** Of the folder itself: others write beside it, and the times of the folders above are part of trees. */
async function backUp(restic: Peer["restic"], source: string): Promise<void> {
  const { exitCode, text } = await restic("backup", "--force", "source");
  assert.equal(exitCode, 0, `${source}: ${text}`);
}

async function check(store: ObjectStore): Promise<CheckResult> {
  return withSession(store, checkAll);
}

async function checkAll(session: Session): Promise<CheckResult> {
  return checkRepository(session, { readData: { kind: "all" }, clock: systemClock, report: () => undefined, progress: () => undefined });
}

async function withSession<T>(store: ObjectStore, work: (session: Session) => Promise<T>): Promise<T> {
  return withOpened(await openRepository(store, { kind: "password", password: PASSWORD }), work);
}

async function withOpened<T>(repository: Repository, work: (session: Session) => Promise<T>): Promise<T> {
  const { signal } = new AbortController();
  await using session = await openSession(repository, { lock: "exclusive", clock: systemClock, report: () => undefined, signal });
  return await work(session);
}
