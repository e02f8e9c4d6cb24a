/** The codecs against other programs: repositories that restic and rustic wrote are read whole, and restic reads what we write. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { olderResticBinary, resticBinary } from "../../dev/peers/restic.ts";
import { concatBytes } from "../../src/base/bytes.ts";
import { systemClock } from "../../src/base/clock.ts";
import { randomHexId } from "../../src/base/ids.ts";
import type { BlobType } from "../../src/repository/format/blob.ts";
import type { RepositoryVersion } from "../../src/repository/format/config.ts";
import { randomMasterKey } from "../../src/repository/format/key-file.ts";
import { serializeLockFile } from "../../src/repository/format/lock-file.ts";
import { deriveRepositoryPassword } from "../../src/repository/format/password.ts";
import { randomChunkerPolynomial } from "../../src/repository/format/polynomial.ts";
import { parseSnapshot, serializeSnapshot } from "../../src/repository/format/snapshot.ts";
import { parseTimestamp, timestampAt } from "../../src/repository/format/timestamp.ts";
import { decodeTree } from "../../src/repository/format/tree/decode.ts";
import { type Node, statModeOf } from "../../src/repository/format/tree/node.ts";
import { environment } from "../support/environment.ts";
import {
  createRepository,
  type NewRepository,
  type PlainRepository,
  readRepository,
  sha256,
  unlock,
  writePack,
  writeSealed,
} from "../support/plain-repository.ts";
import { type CommandResult, runProgram } from "../support/program.ts";

const PASSWORD = "first pässword";
const SECOND_PASSWORD = "second";
const RUSTIC = join(import.meta.dirname, "../fixtures/rustic");
/** restic's exit code for a repository that somebody else has locked, since 0.17. */
const RESTIC_LOCKED = 11;

type Restic = (...args: readonly string[]) => Promise<CommandResult>;

/** Runs restic on a repository in a folder; it must succeed unless `mayFail`. */
function resticOn(t: TestContext, program: string, folder: string, password = PASSWORD): { run: Restic; mayFail: Restic } {
  const env = { RESTIC_REPOSITORY: folder, RESTIC_PASSWORD: password, TZ: "Asia/Kolkata", HOME: folder, PATH: process.env["PATH"] ?? "" };
  const mayFail: Restic = (...args) => runProgram(program, ["--no-cache", ...args], { env, signal: t.signal });
  const run: Restic = async (...args) => {
    const result = await mayFail(...args);
    assert.equal(result.exitCode, 0, result.stderr);
    return result;
  };
  return { run, mayFail };
}

async function writeSource(folder: string): Promise<void> {
  await mkdir(join(folder, "deep", "er"), { recursive: true });
  await writeFile(join(folder, "empty"), "");
  await writeFile(join(folder, "random"), randomBytes(3 << 20));
  await writeFile(join(folder, "deep", "text"), "compressible ".repeat(300_000));
  await writeFile(join(folder, "deep", "er", "small"), "small");
}

interface Kind {
  readonly restic: (signal?: AbortSignal) => Promise<string>;
  readonly name: string;
  readonly version: RepositoryVersion;
  readonly compression: "off" | "auto" | "max";
  /** What is compressed. */
  readonly compressed: readonly BlobType[];
}

const KINDS: readonly Kind[] = [
  { name: "restic 0.18.1", restic: resticBinary, version: 1, compression: "auto", compressed: [] },
  { name: "restic 0.18.1", restic: resticBinary, version: 2, compression: "off", compressed: ["tree"] },
  { name: "restic 0.18.1", restic: resticBinary, version: 2, compression: "auto", compressed: ["data", "tree"] },
  { name: "restic 0.18.1", restic: resticBinary, version: 2, compression: "max", compressed: ["data", "tree"] },
  { name: "Debian's restic", restic: olderResticBinary, version: 1, compression: "auto", compressed: [] },
  { name: "Debian's restic", restic: olderResticBinary, version: 2, compression: "auto", compressed: ["data", "tree"] },
];

for (const { name, restic: program, version, compression, compressed } of KINDS) {
  test(`The codecs read a repository of version ${version} that ${name} wrote with compression ${compression}`, async (t) => {
    const root = await environment(t).temporaryFolder();
    const [folder, source] = [join(root, "repository"), join(root, "source")];
    await writeSource(source);
    const restic = resticOn(t, await program(t.signal), folder);
    await restic.run("init", "--repository-version", String(version));
    await restic.run("backup", "--compression", compression, "--tag", "a,b", "--exclude", "*.o", source);
    await writeFile(join(source, "deep", "er", "small"), "changed");
    await restic.run("backup", "--compression", compression, source);

    const known = (await restic.run("snapshots", "--json")).json() as readonly Record<string, unknown>[];
    const config = (await restic.run("cat", "config")).json() as Record<string, unknown>;
    const { key } = await unlock(folder, PASSWORD);
    const repository = await readRepository(folder, key);
    assert.deepEqual([repository.config.version, repository.config.id], [version, config["id"]]);
    assert.equal(repository.config.chunkerPolynomial.toString(16), config["chunker_polynomial"]);
    assert.equal(repository.snapshots.size, 2);
    for (const shown of known) {
      const snapshot = repository.snapshots.get(String(shown["id"])) ?? assert.fail();
      assert.match(snapshot.time.text, /\+05:30$/);
      const fields = JSON.parse(Buffer.from(serializeSnapshot(snapshot)).toString()) as object;
      assert.deepEqual({ ...fields, id: shown["id"], short_id: shown["short_id"] }, shown);
      assert.ok(repository.blobs.has(`tree ${snapshot.tree}`));
    }
    for (const content of ["small", "changed"]) assert.equal(textOf(repository, `data ${sha256(Buffer.from(content))}`), content);
    const entries = Array.from(repository.packs.values()).flat();
    const compressedEntries = entries.filter(({ uncompressedLength }) => uncompressedLength !== undefined);
    assert.deepEqual(new Set(compressedEntries.map(({ type }) => type)), new Set(compressed));
  });
}

for (const [name, program] of [
  ["restic 0.18.1", resticBinary],
  ["Debian's restic", olderResticBinary],
] as const) {
  test(`unlockKeyFile() opens each key file of ${name} with its own password only, and all hold one key`, async (t) => {
    const root = await environment(t).temporaryFolder();
    const [folder, passwordFile] = [join(root, "repository"), join(root, "second-password")];
    await writeFile(passwordFile, SECOND_PASSWORD);
    const restic = resticOn(t, await program(t.signal), folder);
    await restic.run("init");
    await restic.run("key", "add", "--new-password-file", passwordFile);
    const [first, second] = [await unlock(folder, PASSWORD), await unlock(folder, SECOND_PASSWORD)];
    assert.deepEqual([first.opened, second], [1, first]);
    assert.deepEqual(await unlock(folder, "other"), { opened: 0, key: undefined });
  });
}

for (const version of [1, 2] as const) {
  test(`restic accepts a repository of version ${version} that the codecs wrote`, async (t) => {
    const repository = await createOurs(t, version);
    const { folder, password, config } = repository;
    const [tree] = await writePack(repository, [["tree", Buffer.from('{"nodes":[]}\n')]]);
    await writePack(repository, [
      ["data", Buffer.from("a piece of nobody's file")],
      ["data", randomBytes(100_000)],
    ]);
    const at = timestampAt(1_700_000_000_123);
    const snapshot = parseSnapshot(
      Buffer.from(
        JSON.stringify({
          time: at.text,
          tree,
          paths: ["/"],
          hostname: "c/n/u",
          username: "holdfast",
          tags: ["holdfast"],
          holdfast: { point: 1 },
        }),
      ),
    );
    const id = await writeSealed(repository, "snapshots", serializeSnapshot(snapshot));

    for (const program of [await resticBinary(t.signal), await olderResticBinary(t.signal)]) {
      const restic = resticOn(t, program, folder, password);
      const shownConfig = (await restic.run("cat", "config")).json();
      assert.deepEqual(shownConfig, { version, id: config.id, chunker_polynomial: config.chunkerPolynomial.toString(16) });
      const shown = (await restic.run("snapshots", "--json")).json() as readonly Record<string, unknown>[];
      const { time, hostname, tags } = shown[0] ?? assert.fail();
      assert.deepEqual([shown.length, shown[0]?.["id"], time, hostname, tags], [1, id, "2023-11-14T22:13:20.123Z", "c/n/u", ["holdfast"]]);
      await restic.run("check", "--read-data");
      assert.equal((await restic.run("dump", id, "/")).exitCode, 0);
    }
  });
}

test("restic respects a lock that the codecs wrote", async (t) => {
  const repository = await createOurs(t, 2);
  const restic = resticOn(t, await resticBinary(t.signal), repository.folder, repository.password);
  const time = timestampAt(systemClock.now());
  const lock = { time, exclusive: true, hostname: "holdfast/pod-uid", username: "holdfast", pid: 1, uid: 0, gid: 0 };
  const id = await writeSealed(repository, "locks", serializeLockFile(lock));
  const refused = await restic.mayFail("check");
  assert.equal(refused.exitCode, RESTIC_LOCKED, refused.stderr);
  assert.match(refused.stderr, /holdfast\/pod-uid/);
  const { time: shownTime, ...shown } = (await restic.run("--no-lock", "cat", "lock", id)).json() as Record<string, unknown>;
  assert.equal(parseTimestamp(String(shownTime))?.epochMs, time.epochMs);
  assert.deepEqual(shown, { exclusive: true, hostname: "holdfast/pod-uid", username: "holdfast", pid: 1 });
});

function textOf(repository: PlainRepository, blob: string): string {
  return Buffer.from(repository.blobs.get(blob) ?? assert.fail(`no ${blob}`)).toString();
}

test("The codecs read a repository that rustic wrote, down to every file's content", async () => {
  const { opened, key } = await unlock(join(RUSTIC, "repository"), "rustic");
  assert.equal(opened, 1);
  const repository = await readRepository(join(RUSTIC, "repository"), key);
  const expected = JSON.parse(await readFile(join(RUSTIC, "content.json"), "utf8")) as Readonly<Record<string, readonly object[]>>;
  assert.deepEqual(Object.keys(expected).toSorted(), Array.from(repository.snapshots.keys()).toSorted());
  for (const [id, entries] of Object.entries(expected)) {
    const snapshot = repository.snapshots.get(id) ?? assert.fail();
    assert.deepEqual([snapshot.paths, snapshot.programVersion, snapshot.otherFields["label"]], [["."], "rustic 0.11.4", "fixture"]);
    assert.equal(snapshot.summary?.otherFields["command"], "rustic backup .");
    const found = entriesOf(repository, snapshot.tree, "");
    assert.deepEqual(
      found.toSorted((a, b) => (a.path < b.path ? -1 : 1)),
      entries,
    );
  }
});

interface Entry {
  readonly path: string;
  readonly [field: string]: unknown;
}

/** What is in a tree, as content.json of the fixture tells it. */
function entriesOf(repository: PlainRepository, tree: string, parent: string): Entry[] {
  const nodes = decodeTree(repository.blobs.get(`tree ${tree}`) ?? assert.fail(`no tree ${tree}`));
  return nodes.flatMap((node) => {
    const path = `${parent}${node.name}`;
    const entry: Entry = {
      path,
      type: node.type,
      permissions: (statModeOf(node.mode) & 0o7777).toString(8),
      uid: node.uid,
      gid: node.gid,
      mtimeNs: String(node.mtimeNs),
      ...(node.type === "file" ? fileFields(repository, node) : {}),
      ...(node.linkTarget === undefined ? {} : { target: node.linkTarget }),
    };
    return node.subtree === undefined ? [entry] : [entry].concat(entriesOf(repository, node.subtree, `${path}/`));
  });
}

function fileFields(repository: PlainRepository, { size, links, content = [], xattrs }: Node): object {
  const bytes = concatBytes(content.map((id) => repository.blobs.get(`data ${id}`) ?? assert.fail(`no blob ${id}`)));
  assert.equal(bytes.length, size);
  const attributes = Object.fromEntries(xattrs.map(({ name, value }) => [name, value.toHex()]));
  return { size, sha256: sha256(bytes), links, ...(xattrs.length === 0 ? {} : { xattrs: attributes }) };
}

async function createOurs(t: TestContext, version: RepositoryVersion): Promise<NewRepository> {
  const folder = join(await environment(t).temporaryFolder(), "repository");
  const chunker = { kind: "gear", version: 1, min: 1, mean: 2, max: 3, forcedCut: 4, seed: "00".repeat(32) } as const;
  const config = { version, id: randomHexId(), chunkerPolynomial: randomChunkerPolynomial(), chunker, otherFields: { other: 1 } };
  const password = deriveRepositoryPassword(randomBytes(32), randomBytes(32));
  const repository = { folder, password, masterKey: randomMasterKey(), config };
  await createRepository(repository);
  return repository;
}
