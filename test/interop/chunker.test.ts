import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { resticBinary } from "../../dev/peers/restic.ts";
import { openChunker } from "../../src/repository/chunker/chunker.ts";
import { noise } from "../../src/repository/chunker/testing/data.ts";
import { cheapenKeys } from "../support/cheap-keys.ts";
import { environment } from "../support/environment.ts";
import { runProgram } from "../support/program.ts";

const MIB = 2 ** 20;

/** What resists, what repeats and what is empty, with lengths around those of a chunk. */
const FILES: Readonly<Record<string, Uint8Array>> = {
  noise: noise(40 * MIB, 1),
  "noise-between": Buffer.concat([
    noise(3 * MIB, 2),
    new Uint8Array(3 * MIB + 1),
    noise(5 * MIB, 3),
    Buffer.alloc(10 * MIB, "no end "),
    noise(MIB, 4),
  ]),
  one: noise(1, 5),
  "shortest-chunk": noise(MIB / 2, 6),
  "longest-chunk": Buffer.alloc(8 * MIB, "no end "),
  "one-more": Buffer.alloc(8 * MIB + 1, "no end "),
  zeros: new Uint8Array(2 * MIB + 5),
};

interface Tree {
  readonly nodes: readonly { readonly name: string; readonly content: readonly string[] }[];
}

test("a rabin chunker cuts files into the very blobs that restic stored for them", async (t) => {
  const restic = await resticBinary(t.signal);
  const folder = await environment(t).temporaryFolder();
  const data = join(folder, "data");
  await mkdir(data);
  for (const [name, bytes] of Object.entries(FILES)) await writeFile(join(data, name), bytes);
  const env = { RESTIC_REPOSITORY: join(folder, "repository"), RESTIC_PASSWORD: "test", HOME: folder };
  const run = async (...args: readonly string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await runProgram(restic, ["--no-cache", ...args], { env, signal: t.signal });
    assert.equal(exitCode, 0, stderr);
    return stdout;
  };
  await run("init");
  await cheapenKeys(join(folder, "repository"), "test");
  await run("backup", data);
  const config = JSON.parse(await run("cat", "config")) as { readonly chunker_polynomial: string };
  const [snapshot] = JSON.parse(await run("snapshots", "--json")) as readonly { readonly id: string }[];
  const { nodes } = JSON.parse(await run("cat", "tree", `${snapshot?.id}:${data}`)) as Tree;

  const chunker = openChunker({ kind: "rabin", polynomial: BigInt(`0x${config.chunker_polynomial}`) }, 41 * MIB);
  const ours = Object.entries(FILES).map(([name, bytes]) => {
    chunker.buffer.set(bytes);
    const content: string[] = [];
    for (let from = 0; from < bytes.length;) {
      const length = chunker.next(from, bytes.length, true);
      content.push(hash("sha256", bytes.subarray(from, from + length)));
      from += length;
    }
    return { name, content };
  });
  assert.deepEqual(
    ours.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    nodes.map(({ name, content }) => ({ name, content })),
  );
});
