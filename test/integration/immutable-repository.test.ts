/**
 * A repository with a retention in a bucket with Object Lock in compliance mode, through the command line alone: everybody who adds
 * keeps to it, and whoever has the bucket's credentials, but no key, cannot take a point away.
 */
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { resticBinary } from "../../dev/peers/restic.ts";
import { DomainError } from "../../src/base/errors.ts";
import { isRetained } from "../../src/repository/object-lock/lockable-files.ts";
import { deleteAll, overwriteAll } from "../../src/repository/object-lock/testing/tampering.ts";
import type { ObjectKey, ObjectStore, VersionInfo } from "../../src/storage/object-store.ts";
import { openS3Store } from "../../src/storage/s3/store.ts";
import { parseS3Url } from "../../src/storage/s3/url.ts";
import { bucketLocation, type Cli, openCli } from "../support/cli.ts";
import { type Bucket, environment } from "../support/environment.ts";
import { describeTree, noise } from "../support/file-tree.ts";
import type { CommandResult } from "../support/program.ts";
import { type Restic, resticOn } from "../support/restic.ts";

const DAY_MS = 86_400_000;
type Json = Readonly<Record<string, unknown>>;

class Immutable {
  readonly cli: Cli;
  readonly url: string;
  readonly key: string;
  /** What is backed up. */
  readonly data: string;
  /** With all rights, and without any key. */
  readonly raw: ObjectStore;
  readonly bucket: Bucket;

  private constructor(cli: Cli, bucket: Bucket, raw: ObjectStore) {
    this.cli = cli;
    this.bucket = bucket;
    this.raw = raw;
    this.url = bucketLocation(bucket).url;
    this.key = join(cli.folder, "key");
    this.data = join(cli.folder, "data");
  }

  static async make(t: TestContext, { objectLock = true } = {}): Promise<Immutable> {
    const bucket = await environment(t).bucket({ objectLock });
    const { url, variables } = bucketLocation(bucket);
    const cli = await openCli(t, variables);
    const raw = await openS3Store(parseS3Url(url, {}), {
      credentials: () => Promise.resolve(bucket.server),
      environment: {},
      signal: t.signal,
    });
    t.after(() => raw[Symbol.asyncDispose]());
    const made = new Immutable(cli, bucket, raw);
    await mkdir(made.data);
    await made.write("kept", 1);
    return made;
  }

  async init(...options: readonly string[]): Promise<void> {
    const made = await this.cli.run(
      "repository",
      "init",
      "--repository",
      this.url,
      "--key-out",
      this.key,
      "--no-check-storage",
      ...options,
    );
    assert.equal(made.exitCode, 0, made.stderr);
  }

  async write(name: string, seed: number): Promise<void> {
    await writeFile(join(this.data, name), noise(700_000, seed));
  }

  /** Whatever the exit code. */
  async try(...args: readonly string[]): Promise<CommandResult> {
    return this.cli.run(...args, "--repository", this.url, "--password-file", this.key);
  }

  async run(...args: readonly string[]): Promise<CommandResult> {
    const result = await this.try(...args);
    assert.equal(result.exitCode, 0, `${args.join(" ")}: ${result.stderr}${result.stdout}`);
    return result;
  }

  async json(...args: readonly string[]): Promise<Json> {
    return (await this.run(...args, "-o", "json")).json() as Json;
  }

  async backUp(): Promise<string> {
    return String((await this.json("files", "backup", this.data))["snapshot"]);
  }

  async versions(prefix = ""): Promise<readonly VersionInfo[]> {
    return Array.fromAsync(this.raw.versions?.list(prefix) ?? assert.fail("no versions"));
  }

  /** Every object that is there, with the moment until which it is retained. */
  async dates(prefix = ""): Promise<ReadonlyMap<ObjectKey, number | undefined>> {
    const dates = new Map<ObjectKey, number | undefined>();
    for (const { key, version, isDeleteMarker } of await this.versions(prefix)) {
      if (!isDeleteMarker) dates.set(key, await this.raw.locking?.retainedUntilMs(key, version));
    }
    return dates;
  }

  async restic(t: TestContext): Promise<Restic> {
    const { server, name } = this.bucket;
    const out = join(this.cli.folder, "restic.password");
    const shown = await this.run("repository", "access", "--password-out", out, "-o", "json");
    const env = { AWS_ACCESS_KEY_ID: server.accessKeyId, AWS_SECRET_ACCESS_KEY: server.secretAccessKey, AWS_DEFAULT_REGION: server.region };
    assert.equal((shown.json() as Json)["RESTIC_REPOSITORY"], `s3:${server.endpoint}/${name}/some/place`);
    const program = await resticBinary(t.signal);
    const password = (await this.cli.shell(`cat ${out}`)).stdout.trim();
    return resticOn({ program, repository: `s3:${server.endpoint}/${name}/some/place`, password, env, signal: t.signal });
  }
}

/** The first of the month after so long, and the margin, as the retention is rounded. */
function firstOfMonthAfter(ms: number): number {
  const moment = Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO("UTC");
  return moment.with({ day: 1 }).startOfDay().add({ months: 1 }).epochMilliseconds;
}

async function refusal(call: Promise<unknown> | undefined): Promise<string | undefined> {
  return call?.then(
    () => "done",
    (error: unknown) => (error instanceof DomainError ? error.code : String(error)),
  );
}

test("all that is needed is under Object Lock from the moment it is stored, and nothing that must go soon", async (t) => {
  const repository = await Immutable.make(t);
  await repository.init("--retention", "30d");
  const earliestMs = firstOfMonthAfter(Date.now() + 33 * DAY_MS);
  const snapshot = await repository.backUp();
  const latestMs = firstOfMonthAfter(Date.now() + 33 * DAY_MS);
  const dates = await repository.dates();
  for (const [key, untilMs] of dates) {
    if (isRetained(key)) assert.ok(untilMs !== undefined && untilMs >= earliestMs && untilMs <= latestMs, `${key}: ${untilMs}`);
    else assert.equal(untilMs, undefined, key);
  }
  const names = [...dates.keys()].map((key) => key.replace(/\/.*/, ""));
  assert.deepEqual([...new Set(names)].toSorted(), ["config", "data", "holdfast", "index", "keys", "snapshots"]);
  for (const { key, version } of await repository.versions()) {
    if (isRetained(key)) assert.equal(await refusal(repository.raw.versions?.delete(key, version)), "object_locked", key);
  }
  const { ok, lockExpiry } = await repository.json("repository", "check", "--read-data", "--lock-expiry");
  assert.deepEqual([ok, lockExpiry], [true, []]);
  assert.match(
    (await repository.run("repository", "retention", "show")).stdout,
    /^What is added is under Object Lock for 30 d or more, if it is added now until \d{4}-\d\d-01$/m,
  );
  assert.match(await (await repository.restic(t)).run("snapshots", "--no-lock"), new RegExp(snapshot.slice(0, 8)));
});

const attacks: Readonly<Record<string, (store: ObjectStore) => Promise<void>>> = {
  "overwrites everything and deletes it": async (store) => {
    await overwriteAll(store);
    await deleteAll(store);
  },
  "overwrites everything": (store) => overwriteAll(store),
};

for (const [what, attack] of Object.entries(attacks)) {
  test(`somebody ${what}: the commands list and restore every point, and "repair undelete" gives all back to restic`, async (t) => {
    const repository = await Immutable.make(t);
    await repository.init("--retention", "30d");
    const points = new Map<string, unknown>();
    points.set(await repository.backUp(), describeTree(repository.data));
    await repository.write("changed", 2);
    points.set(await repository.backUp(), describeTree(repository.data));
    await attack(repository.raw);
    const again = await repository.try("repository", "init", "--no-check-storage");
    assert.equal(again.exitCode, 6, "what is hidden is there");
    // Not what a cache remembers.
    const list = await repository.try("files", "list", "--no-cache", "-o", "json");
    assert.equal(list.exitCode, 8, "somebody tampered, and that is said");
    assert.match(list.stderr, /Somebody (deleted|put other bytes over)/);
    const listed = (list.json() as readonly { readonly id: string }[]).map(({ id }) => id);
    assert.deepEqual(listed, [...points.keys()]);
    for (const [id, tree] of points) {
      const target = await environment(t).temporaryFolder();
      const restored = await repository.try("files", "restore", `${id}:${repository.data}`, "--target", target, "--verify", "--no-cache");
      assert.equal(restored.exitCode, 8, restored.stderr);
      assert.match(restored.stdout, /^Restored snapshot/);
      assert.deepEqual(describeTree(target), tree);
    }
    const undeleted = await repository.run("repository", "repair", "undelete", "--no-cache");
    assert.match(undeleted.stdout, /^\d\d+ objects given back$/m);
    const restic = await repository.restic(t);
    assert.match(await restic.run("check", "--read-data", "--no-lock"), /no errors were found/);
    const snapshots = JSON.parse(await restic.run("snapshots", "--json", "--no-lock")) as readonly { readonly id: string }[];
    assert.deepEqual(
      snapshots.map(({ id }) => id),
      [...points.keys()],
    );
    const after = await repository.run("files", "list", "--no-cache");
    assert.equal(after.stderr, "");
    assert.deepEqual((await repository.json("repository", "check", "--lock-expiry"))["lockExpiry"], []);
  });
}

test("forget, prune and key remove leave what is locked, say until when, and go on with the rest", async (t) => {
  const repository = await Immutable.make(t);
  await repository.init("--retention", "30d");
  const first = await repository.backUp();
  const between = new Date().toISOString();
  await repository.write("kept", 2);
  const second = await repository.backUp();
  const then = await repository.json("files", "list", "--as-of", between);
  assert.deepEqual(
    (then as unknown as readonly Json[]).map(({ id }) => id),
    [first],
  );
  const until = `under Object Lock until \\d{4}-\\d\\d-01`;
  const named = await repository.try("repository", "forget", first);
  assert.equal(named.exitCode, 3);
  assert.match(named.stderr, new RegExp(`^partial: Cannot remove "snapshots/${first}" yet: it is ${until}$`, "m"));
  for (const dryRun of [["--dry-run"], []]) {
    const ruled = await repository.run("repository", "forget", "--keep-last", "1", ...dryRun);
    assert.match(ruled.stdout, new RegExp(`^locked +${first.slice(0, 8)} .* ${until}$`, "m"));
    assert.match(ruled.stdout, /^0 snapshots (would be )?removed, 1 cannot be yet: under Object Lock as said above$/m);
  }
  const pruned = await repository.run("repository", "prune", "--grace", "0s");
  assert.match(pruned.stdout, /^Deleted +0 packs, 0 B$/m);

  const added = await repository.json("repository", "key", "add", "--key-out", join(repository.cli.folder, "other"));
  const keyId = String(added["id"]);
  const removed = await repository.try("repository", "key", "remove", keyId);
  assert.equal(removed.exitCode, 3);
  assert.match(removed.stderr, new RegExp(`^partial: Cannot remove "keys/${keyId}" yet: it is ${until}, and opens`, "m"));
  assert.deepEqual((await repository.json("repository", "check", "--lock-expiry"))["lockExpiry"], []);
  assert.deepEqual(
    (await Array.fromAsync(repository.raw.list("snapshots/"), ({ key }) => key)).toSorted(),
    [first, second].map((id) => `snapshots/${id}`).toSorted(),
  );
});

test("every command that adds keeps to the retention", async (t) => {
  const repository = await Immutable.make(t);
  await repository.init("--retention", "30d");
  await repository.write("secret.txt", 3);
  await repository.backUp();
  await repository.run("files", "rewrite", "--exclude", "secret.txt");
  await repository.run("repository", "repair", "index", "--read-all-packs");
  await repository.run("repository", "key", "add", "--key-out", join(repository.cli.folder, "other"));
  const source = join(repository.cli.folder, "source");
  const secret = ["--repository", source, "--password-file", repository.key] as const;
  assert.equal((await repository.cli.run("repository", "init", ...secret, "--no-check-storage")).exitCode, 0);
  await repository.write("more", 4);
  assert.equal((await repository.cli.run("files", "backup", repository.data, ...secret)).exitCode, 0);
  await repository.run("repository", "copy", "--from-repository", source, "--from-password-file", repository.key);
  await repository.run("repository", "prune");
  for (const [key, untilMs] of await repository.dates()) assert.equal(untilMs !== undefined, isRetained(key), key);
  const { snapshots, lockExpiry } = await repository.json("repository", "check", "--read-data", "--lock-expiry");
  assert.deepEqual([snapshots, lockExpiry], [3, []]);
  const soon = await repository.try("repository", "check", "--lock-expiry", "400d");
  assert.equal(soon.exitCode, 3);
  assert.match(
    soon.stderr,
    /^partial: \d+ files that snapshots need are under Object Lock until \d{4}-\d\d-01 only, and must last until /m,
  );
});

test("what was there before a retention, or comes from restic, is named by check and put under Object Lock by extend", async (t) => {
  const repository = await Immutable.make(t);
  await repository.init();
  await repository.backUp();
  const none = await repository.try("repository", "check", "--lock-expiry");
  assert.equal(none.exitCode, 2);
  assert.match(none.stderr, /^Cannot check when locks end: the repository has no retention$/m);
  const set = await repository.run("repository", "retention", "set", "60d");
  assert.match(set.stdout, /^What is added from now on is under Object Lock for 60 d or more, .*"holdfast repository retention extend"/);
  const restic = await repository.restic(t);
  await restic.run("backup", repository.data);
  const early = await repository.try("repository", "check", "--lock-expiry");
  assert.equal(early.exitCode, 3);
  assert.match(early.stderr, /^partial: \d+ files that snapshots need are not under Object Lock, and must last until /m);
  assert.match(
    (await repository.run("repository", "retention", "extend")).stdout,
    /^2 snapshots under Object Lock until \d{4}-\d\d-01 or later\n\d packs extended$/m,
  );
  assert.match(
    (await repository.run("repository", "check", "--lock-expiry")).stdout,
    /^Object Lock keeps all that is needed for long enough$/m,
  );
  const lowered = await repository.run("repository", "retention", "set", "7d");
  assert.match(lowered.stdout, /; it was 60 d, and what is stored already stays under Object Lock as long as it is/);
  const raised = [...(await repository.dates("data/")).values()];
  assert.ok(
    raised.every((untilMs) => untilMs !== undefined && untilMs > Date.now() + 60 * DAY_MS),
    "nothing is shortened",
  );
});

test("a retention is refused where there is no Object Lock, and missed where there is none any more", async (t) => {
  const repository = await Immutable.make(t, { objectLock: false });
  const folder = join(repository.cli.folder, "local");
  for (const url of [repository.url, folder]) {
    const made = await repository.cli.run("repository", "init", "--repository", url, "--key-out", repository.key, "--retention", "30d");
    assert.equal(made.exitCode, 9);
    assert.match(
      made.stderr,
      /^Cannot make a repository that is under Object Lock: ".*" does not offer Object Lock\n {2}hint: Use a bucket that was made with Object Lock/m,
    );
  }
  await repository.init();
  assert.deepEqual(await repository.try("repository", "retention", "set", "30d").then(({ exitCode }) => exitCode), 9);
  const zero = await repository.cli.run(
    "repository",
    "init",
    "--repository",
    folder,
    "--key-out",
    `${repository.key}2`,
    "--retention",
    "0s",
  );
  assert.equal(zero.exitCode, 2);

  const locked = await Immutable.make(t);
  await locked.init("--retention", "30d");
  for (const { key } of await Array.fromAsync(locked.raw.list("")))
    await repository.raw.put(`moved/${key}` as ObjectKey, await locked.raw.get(key));
  const url = repository.url.replace("/some/place", "/some/place/moved");
  const added = await repository.cli.run("files", "backup", repository.data, "--repository", url, "--password-file", locked.key);
  assert.equal(added.exitCode, 3);
  assert.match(added.stderr, /^partial: What is added to ".*" can be deleted by whoever has its credentials/m);
  const listed = await repository.cli.run("files", "list", "--repository", url, "--password-file", locked.key);
  assert.equal(listed.exitCode, 0, "who only reads loses nothing");
});
