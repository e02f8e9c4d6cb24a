import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { run } from "../host/run.ts";
import { imageArchive } from "./build.ts";
import { IMAGES, referenceOf } from "./images.ts";

const skip = process.platform === "linux" && process.getuid?.() === 0 ? false : "building images needs root on Linux";

/** What of an image's configuration decides how a pod runs it (OCI Image Format, "Image Configuration"). */
interface Config {
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Env?: readonly string[];
  readonly WorkingDir?: string;
  readonly StopSignal?: string;
  readonly User?: string;
}

const PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

const EXPECTED: Readonly<Record<string, { readonly config: Config; readonly programs: readonly string[] }>> = {
  pause: { config: { Entrypoint: ["/pause"], Env: [PATH] }, programs: ["pause"] },
  shell: {
    config: { Cmd: ["sh"], Env: ["PATH=/bin", "HOME=/root"] },
    programs: ["sh", "sleep", "dd", "sha256sum", "nc", "wget", "nslookup"].map((name) => `bin/${name}`),
  },
  postgres: {
    config: {
      Entrypoint: ["entrypoint"],
      Cmd: ["postgres"],
      Env: ["PATH=/usr/local/bin:/usr/lib/postgresql/15/bin:/usr/bin:/usr/sbin", "LANG=C.UTF-8", "PGDATA=/var/lib/postgresql/data/pgdata"],
      StopSignal: "SIGINT",
    },
    programs: ["postgres", "psql", "pg_dump", "pg_basebackup"].map((name) => `usr/lib/postgresql/15/bin/${name}`),
  },
  mariadb: {
    config: { Entrypoint: ["entrypoint"], Cmd: ["mariadbd"], Env: [PATH, "LANG=C.UTF-8"] },
    programs: ["usr/sbin/mariadbd", ...["mariadb", "mariadb-dump", "mariadb-backup"].map((name) => `usr/bin/${name}`)],
  },
  holdfast: {
    config: {
      Entrypoint: ["/usr/local/bin/node", "--max-semi-space-size=4", "/opt/holdfast/src/cli/main.ts"],
      Env: [
        "PATH=/usr/local/bin",
        "HOME=/tmp",
        "NODE_COMPILE_CACHE=/opt/holdfast/compiled",
        "MALLOC_ARENA_MAX=2",
        "MALLOC_MMAP_THRESHOLD_=262144",
        "MALLOC_TRIM_THRESHOLD_=262144",
      ],
      User: "65532:65532",
    },
    programs: ["usr/local/bin/node", "opt/holdfast/src/mover/pod/main.ts"],
  },
  redis: {
    config: { Entrypoint: ["entrypoint"], Cmd: ["redis-server"], Env: [PATH, "LANG=C.UTF-8"], WorkingDir: "/data" },
    programs: ["usr/bin/redis-server", "usr/bin/redis-cli"],
  },
};

/** Beside its name of the version, the product has one of its content: checkouts that share a cluster must not take each other's. */
const PRODUCT = /^holdfast\.dev\/holdfast:\d+\.\d+\.\d+-[0-9a-f]{16}$/;
const MAX_PRODUCT_BYTES = 220_000_000;

for (const image of IMAGES) {
  const { name, isProduct = false } = image;
  test(`imageArchive() makes "${name}" an archive of one layer that containerd can import`, { skip }, async () => {
    const { reference, alias, archive } = await imageArchive(name);
    assert.equal(alias, isProduct ? referenceOf(image) : undefined);
    if (isProduct) assert.match(reference, PRODUCT);
    else assert.equal(reference, referenceOf(image));
    const manifest = JSON.parse(await member(archive, "manifest.json")) as [Readonly<Record<"Config" | "RepoTags" | "Layers", unknown>>];
    const [{ Config, RepoTags, Layers }] = manifest;
    assert.deepEqual(RepoTags, [reference]);
    if (isProduct) assert.ok((await stat(archive)).size < MAX_PRODUCT_BYTES, "the image is too large");
    const [layer, ...others] = Layers as string[];
    assert.deepEqual(others, []);

    const expected = EXPECTED[name] ?? assert.fail(`nothing is expected of "${name}"`);
    const inspected = JSON.parse(await member(archive, Config as string)) as { readonly config: Config };
    const { Entrypoint, Cmd, Env, WorkingDir, StopSignal, User } = inspected.config;
    const found = Object.entries({ Entrypoint, Cmd, Env, WorkingDir, StopSignal, User }).filter(([, value]) => value !== undefined);
    assert.deepEqual(Object.fromEntries(found), expected.config);

    const files = (await run("sh", ["-c", `tar -xOf "$0" "$1" | tar -t`, archive, layer ?? ""])).stdout.split("\n");
    assert.deepEqual(
      expected.programs.filter((program) => !files.includes(program)),
      [],
    );
  });
}

test("build builds once when two ask for an image at the same time", { skip }, async () => {
  const cache = await mkdtemp(join(tmpdir(), "images-"));
  try {
    const [one, other] = await Promise.all([build(["pause"], cache), build(["pause"], cache)]);
    assert.equal(one.exitCode, 0, one.log);
    assert.equal(one.text, other.text);
    assert.equal(`${one.log}${other.log}`.match(/^Building /gm)?.length, 1);
    const folder = dirname(one.text.trim().split("\t")[1] ?? assert.fail(one.text));
    assert.deepEqual(await readdir(folder), ["image.tar"]);
  } finally {
    await rm(cache, { recursive: true });
  }
});

test("imageArchive() rejects an unknown name with the known ones", async () => {
  await assert.rejects(imageArchive("postgre"), {
    kind: "usage",
    code: "unknown_image",
    message: 'Cannot build image "postgre": there is no such image',
    hint: "The images are pause, shell, postgres, mariadb, redis, holdfast",
  });
});

test("build prints the reference and the archive, and nothing when any name is wrong", { skip }, async () => {
  const { reference, archive } = await imageArchive("pause");
  assert.deepEqual(await build(["pause"]), { exitCode: 0, text: `${reference}\t${archive}\n`, log: "" });
  for (const args of [["pause", "nothing"], ["pause", "--all"], []]) {
    const { exitCode, text, log } = await build(args);
    assert.deepEqual({ exitCode, text }, { exitCode: 2, text: "" });
    assert.match(log, /The images are pause, shell, postgres, mariadb, redis, holdfast/);
  }
});

interface Ended {
  readonly exitCode: number | null;
  readonly text: string;
  readonly log: string;
}

async function build(args: readonly string[], cache?: string): Promise<Ended> {
  const env = cache === undefined ? process.env : { ...process.env, HOLDFAST_CACHE: cache };
  const command = spawn(join(import.meta.dirname, "build"), args, { env, stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise<number | null>((settle) => command.on("close", settle));
  const outputs = [command.stdout, command.stderr].map(async (output) => output.setEncoding("utf8").toArray());
  const [text = "", log = ""] = (await Promise.all(outputs)).map((chunks) => chunks.join(""));
  return { exitCode: await ended, text, log };
}

async function member(archive: string, path: string): Promise<string> {
  return (await run("tar", ["-xOf", archive, path])).stdout;
}
