import assert from "node:assert/strict";
import { test } from "node:test";
import { formatTable } from "./table.ts";

test("formatTable() aligns columns by what a terminal shows", () => {
  const columns = [{ title: "Name" }, { title: "Size", align: "right" }, { title: "Host" }] as const;
  const rows = [
    ["a", "1.5 GiB", "one"],
    ["日本", "12 B", ""],
    ["é́", "0 B", "three"],
  ];
  assert.equal(
    formatTable(columns, rows),
    ["Name     Size  Host", "a     1.5 GiB  one", "日本     12 B", "é́         0 B  three"].join("\n"),
  );
});

test("formatTable() of no rows is its titles", () => {
  assert.equal(formatTable([{ title: "A" }, { title: "B" }], []), "A  B");
});
