/** Copies between repositories of restic and of Holdfast, and repositories that were begun twice or brought to version 2. */
import assert from "node:assert/strict";
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { resticBinary } from "../../dev/peers/restic.ts";
import { systemClock } from "../../src/base/clock.ts";
import type { Finding } from "../../src/base/finding.ts";
import { type CopyResult, copySnapshots } from "../../src/repository/copy/copy.ts";
import type { RepositoryVersion } from "../../src/repository/format/config.ts";
import { initRepository } from "../../src/repository/init.ts";
import { migrate } from "../../src/repository/migrate.ts";
import { openRepository, type Repository } from "../../src/repository/repository.ts";
import { openSession, type Session, type SessionOptions } from "../../src/repository/session.ts";
import { newLocationKey, repositoryPassword } from "../../src/repository/secret.ts";
import { faulty } from "../../src/storage/faulty.ts";
import { FileStore } from "../../src/storage/file.ts";
import type { ObjectStore } from "../../src/storage/object-store.ts";
import { backUp, newRepository, PASSWORD } from "../support/backup.ts";
import { cheapenKeys } from "../support/cheap-keys.ts";
import { environment } from "../support/environment.ts";
import { assertSameTree, makeEverything } from "../support/file-tree.ts";
import { type Restic, resticOn, resticSummary } from "../support/restic.ts";

const SECRET = { kind: "password", password: PASSWORD } as const;

interface Place {
  readonly store: FileStore;
  readonly folder: string;
  readonly restic: Restic;
}

interface Setting {
  readonly files: string;
  readonly restored: string;
  readonly source: Place;
  readonly target: Place;
}

async function setting(t: TestContext): Promise<Setting> {
  const folder = await environment(t).temporaryFolder();
  const program = await resticBinary(t.signal);
  const place = (name: string): Place => {
    const repository = join(folder, name);
    return {
      store: new FileStore(repository, systemClock),
      folder: repository,
      restic: resticOn({ program, repository, password: PASSWORD, env: { RESTIC_FROM_PASSWORD: PASSWORD }, signal: t.signal }),
    };
  };
  const files = join(folder, "files");
  makeEverything(files);
  return { files, restored: join(folder, "restored"), source: place("source"), target: place("target") };
}

async function open(store: ObjectStore, lock: SessionOptions["lock"], findings: Finding[] = []): Promise<Session> {
  const { signal } = new AbortController();
  const report = (finding: Finding): void => void findings.push(finding);
  return openSession(await openRepository(store, SECRET), { lock, clock: systemClock, report, signal });
}

async function copyAll(from: Place, to: Place): Promise<CopyResult & { readonly findings: readonly Finding[] }> {
  const findings: Finding[] = [];
  await using source = await open(from.store, "shared", findings);
  await using target = await open(to.store, "shared", findings);
  const result = await copySnapshots(source, target, {
    snapshots: source.snapshots,
    dryRun: false,
    verify: "sample",
    clock: systemClock,
    report: (finding) => void findings.push(finding),
    progress: () => undefined,
  });
  return { ...result, findings };
}

async function snapshotsOf({
  restic,
}: Place): Promise<readonly { readonly id: string; readonly original?: string; readonly tags: readonly string[] }[]> {
  return JSON.parse(await restic.run("snapshots", "--json")) as Awaited<ReturnType<typeof snapshotsOf>>;
}

async function init(store: ObjectStore, version: RepositoryVersion, chunkerFrom?: Repository): Promise<Repository> {
  const owner = { username: "test", hostname: "test" };
  await initRepository(store, { secret: SECRET, owner, clock: systemClock, version, chunkerFrom: chunkerFrom?.config });
  await cheapenKeys(store, PASSWORD);
  return openRepository(store, SECRET);
}

for (const version of [1, 2] as const) {
  test(`copySnapshots() takes over what restic stored in version ${version}, and restic goes on with it`, async (t) => {
    const { files, restored, source, target } = await setting(t);
    await source.restic.run("init", "--repository-version", String(version));
    await cheapenKeys(source.store, PASSWORD);
    await source.restic.runIn(files, "backup", ".", "--tag", "first");
    await appendFile(join(files, "folder", "added"), "added later");
    await source.restic.runIn(files, "backup", ".", "--tag", "second");
    await init(target.store, 2, await openRepository(source.store, SECRET));

    const { copied, failed, findings } = await copyAll(source, target);
    assert.deepEqual([copied.length, failed, findings], [2, [], []]);
    await target.restic.run("check", "--read-data");
    const there = await snapshotsOf(target);
    assert.deepEqual(
      there.map(({ tags }) => tags),
      [["first"], ["second"]],
    );
    assert.deepEqual(new Set(there.map(({ original }) => original)), new Set((await snapshotsOf(source)).map(({ id }) => id)));
    await target.restic.run("restore", there[1]?.id ?? "", "--target", restored);
    assertSameTree(restored, files);

    await target.restic.run("copy", "--from-repo", source.folder);
    assert.equal((await snapshotsOf(target)).length, 2, "restic takes them for copies, too");
    const next = resticSummary(await target.restic.runIn(files, "backup", "--json", "."));
    assert.equal(next.data_added, 0);
  });

  test(`copySnapshots() puts what Holdfast stored into a repository of version ${version} that restic made`, async (t) => {
    const { files, restored, source, target } = await setting(t);
    await newRepository(source.store);
    const { id } = await backUp(source.store, ["."], { workingFolder: files });
    await target.restic.run("init", "--repository-version", String(version));
    await cheapenKeys(target.store, PASSWORD);
    const { copied, findings } = await copyAll(source, target);
    assert.deepEqual(
      copied.map(({ from }) => from),
      [id],
    );
    assert.deepEqual(
      findings.map(({ code }) => code),
      ["chunkers_differ"],
    );
    await target.restic.run("check", "--read-data");
    await target.restic.run("restore", "latest", "--target", restored);
    assertSameTree(restored, files);
  });
}

test("copySnapshots() copies nothing that restic has copied", async (t) => {
  const { files, source, target } = await setting(t);
  await newRepository(source.store);
  await backUp(source.store, ["."], { workingFolder: files });
  await target.restic.run("init");
  await cheapenKeys(target.store, PASSWORD);
  await target.restic.run("copy", "--from-repo", source.folder);
  const { copied, skipped } = await copyAll(source, target);
  assert.deepEqual([copied.length, skipped.length], [0, 1]);
});

test("A second repository that cuts as the first does stores nothing twice", async (t) => {
  const { files, restored, source, target } = await setting(t);
  const first = await newRepository(source.store);
  const { snapshot } = await backUp(source.store, ["."], { workingFolder: files });
  await init(target.store, 2, first);
  await copyAll(source, target);
  const again = await backUp(target.store, ["."], { workingFolder: files, withParent: false });
  assert.deepEqual([again.snapshot.tree, again.snapshot.summary?.dataAdded], [snapshot.tree, 0]);
  await target.restic.run("check", "--read-data");
  await target.restic.run("restore", again.id, "--target", restored);
  assertSameTree(restored, files);
});

test("restic opens a repository whose init was killed and begun again", async (t) => {
  const program = await resticBinary(t.signal);
  const secret = newLocationKey();
  const options = { secret, owner: { username: "test", hostname: "test" }, clock: systemClock };
  // The first thing that is written is the identity, then come key, chunker and config.
  for (const puts of [1, 2, 3]) {
    const repository = join(await environment(t).temporaryFolder(), "repository");
    const store = new FileStore(repository, systemClock);
    let left = puts;
    const dying = faulty(store, ({ name }) => (name === "put" && left-- <= 0 ? "refused" : undefined));
    await assert.rejects(initRepository(dying, options), { code: "storage_unavailable" });
    const { identity } = await initRepository(store, options);
    await resticOn({ program, repository, password: repositoryPassword(secret, identity), signal: t.signal }).run("cat", "config");
  }
});

test("migrate() brings a repository of restic to version 2, and restic compresses there from then on", async (t) => {
  const { files, restored, source } = await setting(t);
  await source.restic.run("init", "--repository-version", "1");
  await cheapenKeys(source.store, PASSWORD);
  await source.restic.runIn(files, "backup", ".");
  {
    await using session = await open(source.store, "exclusive");
    await migrate(session);
  }
  assert.equal((JSON.parse(await source.restic.run("cat", "config")) as { readonly version: number }).version, 2);
  await appendFile(join(files, "folder", "added"), "added later ".repeat(1_000));
  await source.restic.runIn(files, "backup", ".");
  await source.restic.run("check", "--read-data");
  await source.restic.run("restore", "latest", "--target", restored);
  assertSameTree(restored, files);
});

test("openRepository() still cuts as before when restic has migrated the repository", async (t) => {
  const { files, source } = await setting(t);
  const { config } = await init(source.store, 1);
  await backUp(source.store, ["."], { workingFolder: files });
  await source.restic.run("migrate", "upgrade_repo_v2");
  const migrated = await openRepository(source.store, SECRET);
  assert.deepEqual(migrated.config, { ...config, version: 2 });
  assert.deepEqual(
    migrated.findings.map(({ code }) => code),
    ["chunker_recovered"],
  );
  const { snapshot } = await backUp(source.store, ["."], { workingFolder: files, withParent: false });
  assert.equal(snapshot.summary?.dataBlobs, 0);
});
