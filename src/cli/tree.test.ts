import assert from "node:assert/strict";
import { test } from "node:test";
import { formatTree } from "./tree.ts";

test("formatTree() draws branches, and puts a note below where it does not fit", () => {
  const tree = {
    text: "shop",
    note: "helm",
    children: [
      { text: "Deployment/web", note: "2/2", children: [{ text: "Pod/web-1" }, { text: "Pod/web-2", note: "a long note" }] },
      { text: "Secret/key", note: "another long note" },
    ],
  };
  assert.equal(
    formatTree(tree, 24),
    [
      "shop  helm",
      "├─ Deployment/web  2/2",
      "│  ├─ Pod/web-1",
      "│  └─ Pod/web-2",
      "│         a long note",
      "└─ Secret/key",
      "       another long note",
    ].join("\n"),
  );
});

test("formatTree() leads the line of the children past a note below", () => {
  const tree = { text: "root", children: [{ text: "branch", note: "does not fit", children: [{ text: "leaf" }] }] };
  assert.equal(formatTree(tree, 12), ["root", "└─ branch", "   │    does not fit", "   └─ leaf"].join("\n"));
});
