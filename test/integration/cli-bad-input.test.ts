/** What people get wrong, and what goes wrong for them: one clear sentence, what to do, the exit code of its kind, and no secret. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdir, readdir, truncate, writeFile } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import { packFileBody } from "../../src/repository/format/file-body.ts";
import { serializeSnapshot } from "../../src/repository/format/snapshot.ts";
import { listSnapshots } from "../../src/repository/snapshots.ts";
import { openRepository, type Repository } from "../../src/repository/repository.ts";
import { parseSecret } from "../../src/repository/secret.ts";
import { FileStore } from "../../src/storage/file.ts";
import { parseObjectKey } from "../../src/storage/object-store.ts";
import { bucketLocation, type Cli, openCli } from "../support/cli.ts";
import { environment } from "../support/environment.ts";
import { noise } from "../support/file-tree.ts";
import type { CommandResult } from "../support/program.ts";

/** The key of a location: it opens sooner than a password, of which guessing must take long. */
const PASSWORD = `holdfast-location-1-${"Sesame".repeat(7)}A`;

interface Opened extends Cli {
  readonly url: string;
  /** With the repository, and its password in the environment. */
  readonly holdfast: (...args: readonly string[]) => Promise<CommandResult>;
  readonly open: () => Promise<Repository>;
}

/** A repository with one snapshot of one file. */
async function init(t: TestContext): Promise<Opened> {
  const url = join(await environment(t).temporaryFolder(), "repository");
  const cli = await openCli(t, { HOLDFAST_REPOSITORY: url, HOLDFAST_PASSWORD: PASSWORD, DATA: "data" });
  await writeFile(join(cli.folder, "data"), "content");
  for (const args of [
    ["repository", "init", "--no-check-storage"],
    ["files", "backup", join(cli.folder, "data")],
  ]) {
    const { exitCode, stderr } = await cli.run(...args);
    assert.equal(exitCode, 0, stderr);
  }
  const open = async (): Promise<Repository> => openRepository(new FileStore(url, systemClock), parseSecret(PASSWORD));
  return { ...cli, url, holdfast: cli.run, open };
}

interface Expected {
  readonly exitCode: number;
  /** The first line of standard error. */
  readonly says: RegExp;
  readonly hint: RegExp | undefined;
}

function assertRefused({ exitCode, stdout, stderr }: CommandResult, expected: Expected): void {
  assert.equal(exitCode, expected.exitCode, stderr);
  assert.equal(stdout, "");
  const lines = stderr.trimEnd().split("\n");
  const message = lines.findLast((line) => line.startsWith("Cannot ")) ?? "";
  assert.match(message, expected.says);
  assert.doesNotMatch(message, /\.$/);
  assert.doesNotMatch(stderr, /^\s+at /m);
  assert.doesNotMatch(stderr, new RegExp(PASSWORD));
  if (expected.hint !== undefined) assert.match(lines.at(-1) ?? "", expected.hint);
}

test("passwords and keys that do not fit", async (t) => {
  const { holdfast, folder, run, url } = await init(t);
  const file = async (name: string, text: string): Promise<string> => {
    await writeFile(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  const wrong = await file("wrong", "battery staple\n");
  const cut = await file("cut", "holdfast-location-1-AAAAAAAAAAAAAAAAAAA\n");
  assertRefused(await holdfast("files", "list", "--password-file", wrong), {
    exitCode: 12,
    says: /^Cannot open repository "file:.*": no key for this password$/,
    hint: /hint: Check the password/,
  });
  assertRefused(await holdfast("files", "list", "--password-file", cut), {
    exitCode: 2,
    says: /^Cannot read the location's key: it was cut or changed$/,
    hint: /hint: Give all of it/,
  });
  assertRefused(await holdfast("files", "list", "--password-file", join(folder, "nothing")), {
    exitCode: 2,
    says: /^Cannot read password file ".*nothing": it is not there$/,
    hint: undefined,
  });
  const [key = ""] = await readdir(join(url, "keys"));
  for (const folderOfKeys of ["keys", "holdfast/spare/keys"]) await truncate(join(url, folderOfKeys, key), 100);
  assertRefused(await run("files", "list"), {
    exitCode: 8,
    says: /^Cannot open repository "file:.*": none of its key files can be used$/,
    hint: /hint: Put back the files/,
  });
});

test("a repository that is none, a damaged one, and one of a later format", async (t) => {
  const { holdfast, folder, url, open } = await init(t);
  const none = await holdfast("files", "list", "--repository", join(folder, "none"));
  assertRefused(none, {
    exitCode: 10,
    says: /^Cannot open repository ".*none": there is none$/,
    hint: /hint: Check the address, or make one/,
  });
  assertRefused(await holdfast("files", "list", "--repository", "backups"), {
    exitCode: 2,
    says: /^Cannot use the URL of a storage: neither an absolute path nor a URL$/,
    hint: /hint: Write it as/,
  });
  assertRefused(await holdfast("repository", "init"), {
    exitCode: 6,
    says: /^Cannot make a repository in ".*": there is one already$/,
    hint: /hint: Use it/,
  });
  const { cipher, store, config } = await open();
  const later = Buffer.from(JSON.stringify({ version: 3, id: config.id, chunker_polynomial: config.chunkerPolynomial.toString(16) }));
  await store.put(parseObjectKey("config"), cipher.seal(later));
  assertRefused(await holdfast("files", "list"), {
    exitCode: 9,
    says: /^Cannot open repository.*: it has version 3 of the format$/,
    hint: /hint: Use a Holdfast that knows this version/,
  });
  for (const file of ["config", "holdfast/spare/config"]) await truncate(join(url, file), 50);
  assertRefused(await holdfast("files", "list"), { exitCode: 8, says: /: its config file is damaged$/, hint: /repair undelete/ });
});

test("paths and snapshots that are not there, and ids that say too little", async (t) => {
  const { holdfast, folder, open } = await init(t);
  const missing = join(folder, "missing");
  assertRefused(await holdfast("files", "backup", missing), {
    exitCode: 5,
    says: /^Cannot back up ".*missing": it does not exist$/,
    hint: /hint: Nothing was backed up$/,
  });
  assertRefused(await holdfast("files", "show", "latest:/missing"), {
    exitCode: 5,
    says: /^Cannot find "\/missing" in snapshot "[0-9a-f]{8}": there is none of that name$/,
    hint: /hint: Run "holdfast files show [0-9a-f]{8}"/,
  });
  assertRefused(await holdfast("files", "restore", "latest:/missing", "--target", join(folder, "target")), {
    exitCode: 5,
    says: /^Cannot find "\/missing" in the snapshot/,
    hint: /files show/,
  });
  assertRefused(await holdfast("files", "restore", "latest", "--target", join(folder, "data")), {
    exitCode: 6,
    says: /^Cannot restore into ".*data": it is no folder$/,
    hint: /hint: Name a folder/,
  });
  assertRefused(await holdfast("files", "show", "abcdef"), {
    exitCode: 5,
    says: /^Cannot find snapshot "abcdef": there is none with that id$/,
    hint: /hint: Run "holdfast files list"/,
  });
  const repository = await open();
  const prefix = await twoWithOnePrefix(repository);
  assertRefused(await holdfast("files", "show", prefix), {
    exitCode: 2,
    says: new RegExp(`^Cannot find snapshot "${prefix}": 2 ids begin like that$`),
    hint: /hint: Give more digits of the id$/,
  });
});

/** Sealing is random, so enough copies of a snapshot have ids of all beginnings. */
async function twoWithOnePrefix(repository: Repository): Promise<string> {
  const { store, cipher, config } = repository;
  const { snapshots } = await listSnapshots(repository, {});
  const { snapshot } = snapshots[0] ?? assert.fail("no snapshot");
  const body = packFileBody(serializeSnapshot(snapshot), config.version);
  const seen = new Map<string, { readonly id: string; readonly sealed: Uint8Array }>();
  for (;;) {
    const sealed = cipher.seal(body);
    const id = createHash("sha256").update(sealed).digest("hex");
    const prefix = id.slice(0, 4);
    const twin = seen.get(prefix);
    seen.set(prefix, { id, sealed });
    if (twin === undefined) continue;
    for (const file of [twin, { id, sealed }]) await store.put(parseObjectKey(`snapshots/${file.id}`), file.sealed);
    return prefix;
  }
}

test("values of options that cannot be read", async (t) => {
  const { holdfast, folder } = await init(t);
  const cases: readonly (readonly [args: readonly string[], says: RegExp])[] = [
    [["files", "backup", "--stdin-name", "a/b"], /^Cannot use --stdin-name "a\/b": not the name of a file$/],
    [["files", "backup"], /^Cannot back up: no path was named$/],
    [["files", "backup", folder, "--time", "now"], /^Cannot use --time "now": not a moment of RFC 3339$/],
    [["files", "backup", folder, "--exclude", "["], /^Cannot use pattern "\["/],
    [["files", "backup", folder, "--exclude-larger-than", "1 MB"], /^Cannot read size "1 MB"/],
    [["files", "rewrite"], /^Cannot rewrite snapshots: nothing says what is to change$/],
    [["repository", "forget"], /^Cannot choose snapshots to forget: no rule says which to keep$/],
    [["repository", "forget", "--may-remove-all"], /^Cannot forget snapshots: neither names nor rules nor a filter say which$/],
    [["repository", "forget", "--keep-last", "0"], /^Cannot use --keep-last "0": not a whole number from 1 on$/],
    [["repository", "check", "--read-data-subset", "3/2"], /^Cannot read part "3\/2" of the data: there is no such part$/],
    [["repository", "repair", "packs", "1234"], /^Cannot repair pack "1234": not the name of a pack$/],
    [["repository", "init", "--reveal"], /^Cannot reveal a secret: standard error is no terminal$/],
  ];
  for (const [args, says] of cases) assertRefused(await holdfast(...args), { exitCode: 2, says, hint: undefined });
});

test("a key is written only to a new file, and a repository needs a place for its key", async (t) => {
  const cli = await openCli(t);
  const [url, taken] = [join(cli.folder, "repository"), join(cli.folder, "taken")];
  await writeFile(taken, "");
  assertRefused(await cli.run("repository", "init", "--repository", url, "--key-out", taken), {
    exitCode: 6,
    says: /^Cannot write a secret to ".*taken": there is a file of that name$/,
    hint: /hint: Name a file that does not exist$/,
  });
  assertRefused(await cli.run("repository", "init", "--repository", url), {
    exitCode: 2,
    says: /^Cannot make a repository: nothing says where its new key is to go$/,
    hint: /hint: Use --key-out or --reveal/,
  });
  await assert.rejects(readdir(url), { code: "ENOENT" });
});

/** Takes whatever is asked, and gives the URL of a repository behind it. */
async function serve(t: TestContext, answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, "127.0.0.1");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise((resolve) => server.once("listening", resolve));
  return `s3://bucket/place?endpoint=http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const KEYS = { AWS_ACCESS_KEY_ID: "someone", AWS_SECRET_ACCESS_KEY: PASSWORD };

test("endpoints that refuse, forbid, do not know the bucket, or never answer", async (t) => {
  const { run } = await openCli(t, { ...KEYS, HOLDFAST_PASSWORD: PASSWORD });
  const refusing = await serve(t, () => undefined);
  const list = async (url: string): Promise<CommandResult> => run("files", "list", "--repository", url);
  const forbidding = await serve(t, (_, response) => response.writeHead(403).end("<Error><Code>AccessDenied</Code></Error>"));
  const unknowing = await serve(t, (_, response) => response.writeHead(404).end("<Error><Code>NoSuchBucket</Code></Error>"));
  const [refused, forbidden, unknown, silent] = await Promise.all([
    list("s3://bucket/place?endpoint=http://127.0.0.1:9"),
    list(forbidding),
    list(unknowing),
    list(refusing),
  ]);
  assertRefused(refused, { exitCode: 7, says: /^Cannot open the bucket .*\(ECONNREFUSED\)/, hint: undefined });
  assertRefused(forbidden, { exitCode: 4, says: /^Cannot .*credentials/, hint: /hint: / });
  assertRefused(unknown, { exitCode: 5, says: /^Cannot open the bucket .*: there is no such bucket$/, hint: /hint: Create the bucket/ });
  assertRefused(silent, { exitCode: 7, says: /^Cannot open s3:.*: no answer for 15 s$/, hint: /hint: Check the endpoint/ });
});

test("credentials that the server does not accept", async (t) => {
  const { url, variables } = bucketLocation(await environment(t).bucket());
  const { run } = await openCli(t, { ...variables, AWS_SECRET_ACCESS_KEY: PASSWORD, HOLDFAST_PASSWORD: PASSWORD });
  assertRefused(await run("files", "list", "--repository", url), {
    exitCode: 4,
    says: /the server does not accept the credentials$/,
    hint: undefined,
  });
});

test("a repository whose disk is full stays whole, and says so at once", async (t) => {
  const { folder, shell } = await openCli(t, { HOLDFAST_PASSWORD: PASSWORD });
  const disk = join(folder, "disk");
  await mkdir(disk);
  await writeFile(join(folder, "large"), noise(3_000_000, 2));
  const lines = [
    `mount -t tmpfs -o size=2m small '${disk}'`,
    `export HOLDFAST_REPOSITORY='${disk}/repository'`,
    `"$HOLDFAST" repository init --no-check-storage > /dev/null`,
    `"$HOLDFAST" files backup '${folder}/large' --no-cache; echo "code $?"`,
    `"$HOLDFAST" repository check --no-cache 2> /dev/null; echo "code $?"`,
  ];
  const { stdout, stderr } = await shell(`unshare --user --map-root-user --mount sh -c ${quoted(lines.join("\n"))}`);
  assert.match(stderr, /^Cannot write "data\/.*: no space left$/m);
  assert.match(stderr, /^ {2}hint: Free some space/m);
  assert.doesNotMatch(stderr, /^\s+at |next try/m);
  assert.match(stdout, /^code 7\n0 snapshots,[^]*No damage[^]*code 0$/m);
});

test("a restore for which there is no room says so before it writes anything", async (t) => {
  const { url, folder, shell, run } = await init(t);
  const target = join(folder, "target");
  await mkdir(target);
  await writeFile(join(folder, "data"), noise(3_000_000, 1));
  assert.equal((await run("files", "backup", join(folder, "data"))).exitCode, 0);
  const lines = [
    `mount -t tmpfs -o size=2m small '${target}'`,
    `export HOLDFAST_PASSWORD='${PASSWORD}' HOLDFAST_REPOSITORY='${url}'`,
    `"$HOLDFAST" files restore latest --target '${target}'; echo "code $?"`,
    `"$HOLDFAST" files restore latest --target '${target}' --dry-run; echo "code $?"`,
    `ls -A '${target}'`,
  ];
  const { stdout, stderr } = await shell(`unshare --user --map-root-user --mount sh -c ${quoted(lines.join("\n"))}`);
  assert.match(stderr, /^Cannot restore ".*": \d+ bytes are needed, and \d+ are free$/m);
  assert.match(stderr, /^ {2}hint: /m);
  assert.doesNotMatch(stderr, new RegExp(`^\\s+at |${PASSWORD}`, "m"));
  assert.equal(stdout, "code 7\ncode 7\n");
});

function quoted(line: string): string {
  return `'${line.replaceAll("'", String.raw`'\''`)}'`;
}

test("a lock that somebody else holds is named", async (t) => {
  const { holdfast, open } = await init(t);
  const { files } = await open();
  const lock = { time: new Date().toISOString(), exclusive: true, hostname: "elsewhere", username: "anna", pid: 4711, uid: 0, gid: 0 };
  await files.save("locks", Buffer.from(JSON.stringify(lock)));
  assertRefused(await holdfast("files", "show", "latest"), {
    exitCode: 11,
    says: /^Cannot lock the repository: "anna" on "elsewhere" \(process 4711\) has it exclusively, last heard of 0 minutes ago$/,
    hint: /holdfast repository unlock/,
  });
  const kept = await holdfast("repository", "unlock");
  assert.match(kept.stdout, /^Removed 0 locks\nKept, as it may be alive: "anna" on "elsewhere"/);
  assert.match((await holdfast("repository", "unlock", "--all")).stdout, /^Removed 1 lock$/m);
  assert.equal((await holdfast("files", "show", "latest")).exitCode, 0);
});

test("a secret appears in no output, not as JSON either", async (t) => {
  const { holdfast, folder } = await init(t);
  const results = [
    await holdfast("files", "list", "-o", "json"),
    await holdfast("repository", "key", "list", "-o", "json"),
    await holdfast("repository", "access"),
    await holdfast("files", "show", "latest:/nothing", "-o", "json"),
    await holdfast("repository", "access", "--password-out", join(folder, "password")),
  ];
  for (const { stdout, stderr } of results) assert.doesNotMatch(stdout + stderr, new RegExp(PASSWORD));
});
