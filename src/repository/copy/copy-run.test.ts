import assert from "node:assert/strict";
import { test } from "node:test";
import type { Progress } from "../../base/progress.ts";
import { FakeClock } from "../../base/testing/fake-clock.ts";
import { MemoryStore } from "../../storage/memory.ts";
import { SampleRepository } from "../testing/sample-repository.ts";
import { CopyRun } from "./copy-run.ts";

const clock = new FakeClock();

async function samples(): Promise<readonly [from: SampleRepository, to: SampleRepository]> {
  const init = async (): Promise<SampleRepository> => SampleRepository.init(new MemoryStore({ clock }), clock);
  return [await init(), await init()];
}

test("flush() may come again and again, and each time everything is stored and indexed", async () => {
  const [source, target] = await samples();
  const trees = [
    await source.addTree({ a: "first" }),
    await source.addTree({ a: "first", b: "second" }),
    await source.addTree({ c: "third" }),
  ];
  await using from = await source.session();
  await using to = await target.session();
  const shown: Progress[] = [];
  const progress = (each: Progress): void => void shown.push(each);
  await using run = new CopyRun(from, to, { dryRun: false, verify: "all", clock, progress, snapshots: trees.length });
  let written = 0;
  for (const [at, tree] of trees.entries()) {
    assert.deepEqual(await run.copyTree(tree), []);
    assert.ok(run.unflushedBytes > 0);
    await run.flush();
    assert.equal(run.unflushedBytes, 0);
    assert.ok(run.bytesWritten > written);
    written = run.bytesWritten;
    await using now = await target.session();
    assert.equal(now.index.size, [2, 4, 6][at]);
    assert.ok(now.index.findHex("tree", tree) > 0);
  }
  assert.equal(run.bytesRead, run.bytesWritten);
  assert.partialDeepStrictEqual(shown.at(-1), { doneItems: 3, totalItems: 3, doneBytes: run.bytesRead, totalBytes: run.bytesRead });
});

test("copyTree() says what the source's index does not name, and copies nothing of that tree", async () => {
  const [source, target] = await samples();
  const tree = await source.addTree({ folder: { file: "content" } });
  const [file] = await Array.fromAsync(source.repository.files.list("index"));
  assert.ok(file !== undefined);
  const { packs } = JSON.parse(Buffer.from(await source.repository.files.load("index", file.id)).toString()) as {
    readonly packs: readonly { readonly blobs: readonly { readonly type: string }[] }[];
  };
  await source.repository.files.remove("index", file.id);
  const trees = packs.filter(({ blobs }) => blobs.every(({ type }) => type === "tree"));
  await source.repository.files.save("index", Buffer.from(JSON.stringify({ packs: trees })));
  await using from = await source.session();
  await using to = await target.session();
  await using run = new CopyRun(from, to, { dryRun: false, verify: "all", clock, progress: () => undefined, snapshots: 1 });
  const faults = await run.copyTree(tree);
  assert.deepEqual(
    faults.map(({ type, reason }) => [type, reason]),
    [["data", "the index does not name it"]],
  );
});
