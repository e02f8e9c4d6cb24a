import assert from "node:assert/strict";
import { test } from "node:test";
import { parseChunkerParameters } from "./chunker-parameters.ts";
import { type Config, parseConfig, serializeConfig } from "./config.ts";
import { JsonObject } from "./json-object.ts";

const ID = "4e3f1360097f3fb97e88a2652d950ae791ad14877d3c710b2efbc5522123a083";
const BY_RESTIC = `{"version":2,"id":"${ID}","chunker_polynomial":"2fa9f5a4cee97f"}`;
const CHUNKER = { kind: "gear", version: 1, min: 524288, mean: 1048576, max: 8388608, forcedCut: 268435456, seed: "ab".repeat(32) };
const corrupt = { kind: "corrupt", code: "config" };

function parse(json: string): Config {
  return parseConfig(Buffer.from(json));
}

function written(config: Config): string {
  return Buffer.from(serializeConfig(config)).toString();
}

/** restic's config with other or more fields. */
function withFields(fields: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ ...(JSON.parse(BY_RESTIC) as object), ...fields });
}

test("parseConfig() reads restic's config, and serializeConfig() writes the same bytes", () => {
  const config = parse(BY_RESTIC);
  assert.deepEqual(config, { version: 2, id: ID, chunkerPolynomial: 0x2fa9f5a4cee97fn, chunker: undefined, otherFields: {} });
  assert.equal(written(config), BY_RESTIC);
});

test("parseConfig() reads our chunker, and serializeConfig() writes it back", () => {
  const json = withFields({ holdfast: { chunker: CHUNKER } });
  assert.deepEqual(parse(json).chunker, CHUNKER);
  assert.equal(written(parse(json)), json);
});

test("serializeConfig() keeps fields that it does not know, our own of a later version and long numbers among them", () => {
  const later = { append_only: true, treepack_size: 4194304, holdfast: { later: [1], chunker: { kind: "ae", version: 3, window: 7 } } };
  const json = withFields(later).replace("4194304", "18446744073709551615");
  const config = parse(json);
  assert.deepEqual(config.chunker, { kind: "later", fields: { kind: "ae", version: 3, window: 7 } });
  assert.deepEqual(JSON.parse(written(config)), JSON.parse(json));
  assert.match(written(config), /:18446744073709551615,/);
  const withoutChunker = withFields({ holdfast: { later: "x" } });
  assert.equal(written(parse(withoutChunker)), withoutChunker);
});

test("parseConfig() takes parameters of a later version of our chunker for such", () => {
  const json = withFields({ holdfast: { chunker: { ...CHUNKER, version: 2 } } });
  assert.equal(parse(json).chunker?.kind, "later");
  assert.deepEqual(JSON.parse(written(parse(json))), JSON.parse(json));
});

test("parseConfig() says of a repository of a later version what to do", () => {
  for (const version of [3, 1_000]) {
    const expected = { kind: "unsupported", code: "repository_version", hint: /^Use a Holdfast that knows this version/ };
    assert.throws(() => parse(withFields({ version, chunker_polynomial: "other" })), expected);
  }
  assert.equal(parse(withFields({ version: 1 })).version, 1);
});

test("parseConfig() refuses other versions, ids and polynomials, and what is no config", () => {
  const bad = [
    ...[0, -1, 1.5, "2", null, 1e300].map((version) => ({ version })),
    ...[ID.slice(1), ID.toUpperCase(), "", null, 5].map((id) => ({ id })),
    ...["", "0", "2", "2fa9f5a4cee97e", "fa9f5a4cee97f", "-2fa9f5a4cee97f", "0x2fa9f5a4cee97f", "2fa9f5a4cee97f0000", null, 3].map(
      (text) => ({
        chunker_polynomial: text,
      }),
    ),
    ...[1, [], "x", { chunker: 1 }, { chunker: [] }].map((holdfast) => ({ holdfast })),
  ];
  for (const fields of bad) assert.throws(() => parse(withFields(fields)), corrupt, JSON.stringify(fields));
  for (const json of ["", "[]", "{}", "{", "\xff\xff"]) assert.throws(() => parse(json), corrupt, json);
});

test("parseConfig() refuses lengths of our chunker that do not fit together, and seeds that are not hex", () => {
  const bad = [
    { min: 0 },
    { min: 63 },
    { min: CHUNKER.mean },
    { min: CHUNKER.mean - 1 },
    { min: CHUNKER.mean + 1 },
    { mean: CHUNKER.max + 1 },
    { max: CHUNKER.forcedCut + 1 },
    { max: 2 ** 30, forcedCut: 2 ** 31 },
    { forcedCut: 2 ** 60 },
    { min: -1 },
    { mean: 1.5 },
    { seed: "" },
    { seed: "ab".repeat(31) },
    { seed: "ab".repeat(33) },
    { seed: "AB".repeat(32) },
    { seed: 5 },
  ];
  for (const fields of bad) {
    assert.throws(() => parse(withFields({ holdfast: { chunker: { ...CHUNKER, ...fields } } })), corrupt, JSON.stringify(fields));
  }
});

test("parseChunkerParameters() reads the copy of the parameters that lies in a file of its own", () => {
  const parseCopy = (json: string) => parseChunkerParameters(JsonObject.parse(Buffer.from(json), "chunker parameters"));
  assert.deepEqual(parseCopy(JSON.stringify(CHUNKER)), CHUNKER);
  for (const json of ["", "[]", JSON.stringify({ ...CHUNKER, min: 0 })]) {
    assert.throws(() => parseCopy(json), { kind: "corrupt", code: "chunker_parameters" });
  }
});
