/** A backup that is killed at any moment harms nothing that was there, and the next one goes on from what it stored. */
import assert from "node:assert/strict";
import { mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { resticBinary } from "../../dev/peers/restic.ts";
import { createBucket } from "../../dev/s3/bucket.ts";
import { startS3Server } from "../../dev/s3/server.ts";
import { systemClock } from "../../src/base/clock.ts";
import { FileStore } from "../../src/storage/file.ts";
import { openS3Store } from "../../src/storage/s3/store.ts";
import { parseS3Url } from "../../src/storage/s3/url.ts";
import { newRepository, PASSWORD } from "../support/backup.ts";
import { killBackups, runBackup } from "../support/crash.ts";
import { environment } from "../support/environment.ts";
import { startFaultyProxy } from "../support/faulty-proxy.ts";
import { assertSameTree, noise } from "../support/file-tree.ts";
import { resticOn } from "../support/restic.ts";

/** `make soak` does many. */
const ROUNDS = Number(process.env["HOLDFAST_SOAK_ROUNDS"] ?? "1");
const KILLS = 4;
const FIRST_SEED = Number(process.env["HOLDFAST_TEST_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

test("a backup that is killed leaves a whole repository in a local folder", async (t) => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + ROUNDS; seed++) {
    await t.test(`HOLDFAST_TEST_SEED=${seed}`, async (round) => {
      const folder = await environment(round).temporaryFolder();
      const [repository, source] = [join(folder, "repository"), join(folder, "source")];
      const { masterKey } = await newRepository(new FileStore(repository, systemClock));
      const setting = { url: repository, environment: {}, objects: repository, masterKey, source, seed };
      await killBackups({ ...setting, kills: KILLS, withFaults: seed % 2 === 0 });
      await assertRestorable(round, folder, repository, source);
    });
  }
});

test("a backup that is killed leaves a whole repository on S3 behind a bad network", async (t) => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + ROUNDS; seed++) {
    await t.test(`HOLDFAST_TEST_SEED=${seed}`, async (round) => {
      const folder = await environment(round).temporaryFolder();
      await using server = await startS3Server({ dataDir: folder, signal: round.signal });
      await createBucket(server, "bucket");
      const open = (endpoint: string): string => `s3://bucket/at?endpoint=${endpoint}`;
      const source = join(folder, "source");
      const location = parseS3Url(open(server.endpoint), {});
      await using store = await openS3Store(location, { credentials: () => Promise.resolve(server), environment: {} });
      const { masterKey } = await newRepository(store);
      await using proxy = await startFaultyProxy(server.endpoint, seed);
      const objects = join(folder, "objects/bucket/at");
      const credentials = { AWS_ACCESS_KEY_ID: server.accessKeyId, AWS_SECRET_ACCESS_KEY: server.secretAccessKey };
      const setting = { url: open(proxy.endpoint), environment: credentials, objects, masterKey, source, seed };
      await killBackups({ ...setting, kills: KILLS, withFaults: false });
      assert.ok(proxy.faults() > 0);
      await assertRestorable(round, folder, objects, source);
    });
  }
});

test("a backup that is killed after nine tenths sends less than 15 % and reads less than 35 % when it is run again", async (t) => {
  const folder = await environment(t).temporaryFolder();
  const [repository, source] = [join(folder, "repository"), join(folder, "source")];
  await newRepository(new FileStore(repository, systemClock));
  await mkdir(source);
  const [files, fileBytes] = [300, 3_000_000];
  for (let file = 0; file < files; file++) await writeFile(join(source, `file${file}`), noise(fileBytes, file));
  const setting = { url: repository, environment: {}, source };
  const totalBytes = files * fileBytes;
  // As if it had taken hours: a record after every 20 of 900 blobs.
  const command = { aheadMs: 10_000, settings: { checkpointInterval: { ms: 1e9, blobs: 20 } } };
  assert.equal(await runBackup(setting, { ...command, kill: { packBytes: 0.9 * totalBytes } }), undefined);
  const before = await bytesIn(join(repository, "data"));
  assert.ok(before >= 0.9 * totalBytes && before < totalBytes, `${before} bytes were stored`);
  const { filesRead } = (await runBackup(setting, command)) ?? assert.fail("it was killed again");
  assert.ok(filesRead < 0.35 * files, `${filesRead} of ${files} files were read again`);
  const sent = (await bytesIn(join(repository, "data"))) - before;
  assert.ok(sent < 0.15 * totalBytes, `${Math.round((100 * sent) / totalBytes)} % were sent again`);
});

/** To restic, which finds only packs that nothing names. */
async function assertRestorable(t: TestContext, folder: string, repository: string, source: string): Promise<void> {
  const restic = resticOn({ program: await resticBinary(t.signal), repository, password: PASSWORD, signal: t.signal });
  // Removes the locks of the killed: their processes are gone.
  await restic.run("unlock");
  await restic.run("check", "--read-data");
  await restic.run("restore", "latest", "--target", join(folder, "restored"));
  assertSameTree(join(folder, "restored"), source);
}

async function bytesIn(folder: string): Promise<number> {
  const entries = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const sizes = await Promise.all(entries.map(async (entry) => (await stat(join(entry.parentPath, entry.name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
