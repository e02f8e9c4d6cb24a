import assert from "node:assert/strict";
import { fstatSync, openSync } from "node:fs";
import { test } from "node:test";
import type { ByteString } from "../../base/byte-string.ts";
import { fc } from "../../base/testing/property.ts";
import { OpenFolder } from "./open-folder.ts";

function setting() {
  const events: string[] = [];
  const fd = openSync("/", "r");
  const folder = new OpenFolder(fd, "/", {
    addNode: (name, node) => events.push(`${name}=${node}`),
    complete: () => events.push("complete"),
    closed: () => events.push("closed"),
  });
  return { folder, events, fd };
}

function bytes(text: string): ByteString {
  return text as ByteString;
}

test("OpenFolder gives nodes in the order of the names, whatever order they are settled in", () => {
  const kinds = fc.array(fc.constantFrom("known", "awaited", "omitted"), { maxLength: 30 });
  fc.assert(
    fc.property(kinds, fc.infiniteStream(fc.nat()), fc.nat({ max: 30 }), (entries, order, listedAfter) => {
      const { folder, events } = setting();
      const waiting: { slot: number; name: string; kind: string }[] = [];
      const settleOne = (): void => {
        const [one] = waiting.splice((order.next().value ?? 0) % waiting.length, 1);
        if (one !== undefined) folder.settle(one.slot, one.kind === "omitted" ? "omitted" : bytes(one.name));
      };
      for (const [at, kind] of entries.entries()) {
        const name = String.fromCharCode(65 + at);
        if (kind === "known") folder.add(bytes(name), bytes(name));
        else waiting.push({ slot: folder.await(bytes(name)), name, kind });
        if (at >= listedAfter && waiting.length > 0) settleOne();
      }
      assert.ok(!events.includes("complete"));
      folder.finishList();
      while (waiting.length > 0) settleOne();
      const expected = entries.flatMap((kind, at) => (kind === "omitted" ? [] : [String.fromCharCode(65 + at)]));
      assert.deepEqual(
        events.filter((event) => event.includes("=")),
        expected.map((name) => `${name}=${name}`),
      );
      assert.deepEqual(events.filter((event) => !event.includes("=")).toSorted(), ["closed", "complete"]);
      assert.notEqual(events.indexOf("complete"), -1);
    }),
  );
});

test("OpenFolder stays open for those who hold it, and no longer", () => {
  const { folder, events, fd } = setting();
  folder.hold();
  folder.hold();
  folder.finishList();
  folder.release();
  assert.ok(fstatSync(fd).isDirectory());
  assert.deepEqual(events, ["complete"]);
  folder.release();
  assert.deepEqual(events, ["complete", "closed"]);
  assert.throws(() => fstatSync(fd), { code: "EBADF" });
});

test("soFar() gives what is known of entries that wait for others", () => {
  const { folder } = setting();
  folder.add(bytes("a"), bytes("A"));
  const slots = ["b", "c", "d", "e"].map((name) => folder.await(bytes(name)));
  folder.add(bytes("f"), bytes("F"));
  const slot = (at: number): number => slots[at] ?? assert.fail();
  folder.settle(slot(1), bytes("C"));
  folder.settle(slot(2), "omitted");
  folder.begin(slot(3), () => bytes("half of E"));
  const soFar = (): string[] => Array.from(folder.soFar(), ({ name, node }) => `${name}=${node}`);
  assert.deepEqual(soFar(), ["c=C", "e=half of E", "f=F"]);
  folder.settle(slot(0), bytes("B"));
  assert.deepEqual(soFar(), ["e=half of E", "f=F"], "what is in the tree is not given again");
  folder.settle(slot(3), bytes("E"));
  assert.deepEqual(soFar(), []);
  folder.finishList();
});
