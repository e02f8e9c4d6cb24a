import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../../base/testing/property.ts";
import type { HexId } from "../../base/ids.ts";
import { CONFIG_KEY, keyOfFile } from "../layout.ts";
import type { Snapshot } from "../format/snapshot.ts";
import { timestampAt } from "../format/timestamp.ts";
import { type Ledger, ledgerOf, parseLedger, serializeLedger, withLedger } from "./ledger.ts";

const id = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => bytes.toHex() as HexId);
const until = fc.integer({ min: 0, max: 2 ** 45 });

test("parseLedger() reads what serializeLedger() wrote", () => {
  const fields = {
    tree: id,
    packs: fc.array(fc.tuple(id, until)).map((entries) => new Map(entries)),
    files: fc.array(fc.tuple(id, until)).map((entries) => new Map(entries.map(([key, at]) => [keyOfFile("keys", key), at]))),
  };
  const ledgers = fc.record(fields, { noNullPrototype: true });
  fc.assert(fc.property(ledgers, (ledger) => assert.deepEqual(parseLedger(serializeLedger(ledger)), ledger)));
});

test("serializeLedger() writes one list of packs and files for each date", () => {
  const [a, b, tree] = ["a", "b", "c"].map((digit) => digit.repeat(64) as HexId);
  assert.ok(a !== undefined && b !== undefined && tree !== undefined);
  const ledger: Ledger = {
    tree,
    packs: new Map([
      [a, 2],
      [b, 1],
    ]),
    files: new Map([[CONFIG_KEY, 2]]),
  };
  const json = `{"version":1,"tree":"${tree}","retained":[{"until":1,"packs":["${b}"],"files":[]},{"until":2,"packs":["${a}"],"files":["config"]}]}`;
  assert.equal(Buffer.from(serializeLedger(ledger)).toString(), json);
});

test("parseLedger() refuses what is none", () => {
  const tree = "a".repeat(64);
  const code = (json: string): unknown => {
    try {
      return parseLedger(Buffer.from(json));
    } catch (error) {
      return (error as { readonly code?: unknown }).code;
    }
  };
  assert.equal(code("{"), "ledger");
  assert.equal(code(`{"version":2,"tree":"${tree}","retained":[]}`), "ledger_version");
  for (const retained of [
    "1",
    "[1]",
    '[{"until":1.5,"packs":[],"files":[]}]',
    '[{"until":1,"packs":["x"],"files":[]}]',
    '[{"until":1,"packs":[],"files":[".."]}]',
  ]) {
    assert.equal(code(`{"version":1,"tree":"${tree}","retained":${retained}}`), "ledger", retained);
  }
});

test("withLedger() notes a ledger, or takes the note away, and leaves other fields as they are", () => {
  const [ledger, other] = ["c".repeat(64) as HexId, "d".repeat(64) as HexId];
  const plain = sampleSnapshot({ otherFields: { other: 1, holdfast: { later: 2 } } });
  const noted = withLedger(plain, ledger);
  assert.deepEqual(noted.otherFields, { other: 1, holdfast: { later: 2, ledger } });
  assert.equal(ledgerOf(withLedger(noted, other)), other);
  assert.deepEqual(withLedger(noted, undefined), plain);
  assert.deepEqual(withLedger(withLedger(sampleSnapshot({}), ledger), undefined).otherFields, {});
});

test("ledgerOf() finds nothing in snapshots of others", () => {
  for (const holdfast of [undefined, null, 1, {}, { ledger: 1 }, { ledger: "../config" }]) {
    assert.equal(ledgerOf({ otherFields: { holdfast } }), undefined);
  }
});

function sampleSnapshot({ otherFields = {} }: Partial<Snapshot>): Snapshot {
  const tree = "e".repeat(64) as HexId;
  const fields = { paths: ["/"], hostname: "", username: "", uid: 0, gid: 0, excludes: [], tags: [], programVersion: "" };
  return { ...fields, time: timestampAt(0), tree, otherFields };
}
