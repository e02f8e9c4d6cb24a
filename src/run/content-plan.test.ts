import assert from "node:assert/strict";
import { test } from "node:test";
import { type Content, type ContentEnd, planContents, readContent } from "./content-plan.ts";

function content(name: string, fields: Partial<Content> = {}): Content {
  return { name, handle: "d h", groupHandle: undefined, policy: "Retain", isDoomed: true, isImported: false, ...fields };
}

/** What is left in the storage after all of them are gone as they are told to: whether somebody deleted it, and how often. */
function deletions(contents: readonly Content[], ends: readonly ContentEnd[]): number {
  return ends.filter(({ name, policy }) => (policy ?? contents.find((one) => one.name === name)?.policy) === "Delete").length;
}

test("planContents() has one snapshot deleted once, at every point of a handover", () => {
  const original = content("original", { policy: "Delete" });
  const retained = content("original");
  const imported = content("imported", { policy: "Delete", isImported: true });
  for (const there of [[original], [retained], [retained, imported], [imported], [retained, { ...imported, policy: "Retain" }]]) {
    const ends = planContents(there);
    assert.equal(ends.length, there.length);
    assert.equal(deletions(there, ends), 1, JSON.stringify(there));
  }
});

test("planContents() leaves what somebody else stands for, and touches nothing that is not of a dead run", () => {
  const kept = content("kept", { isDoomed: false, isImported: true, policy: "Delete" });
  const imported = content("imported", { policy: "Delete", isImported: true });
  assert.deepEqual(planContents([kept, imported]), [{ name: "imported", policy: "Retain" }]);
  assert.deepEqual(planContents([kept, content("other", { handle: "d i" })]), [{ name: "other", policy: "Delete" }]);
  assert.deepEqual(planContents([kept]), []);
  // The same handle of another driver is another snapshot.
  assert.deepEqual(planContents([kept, content("other", { handle: "e h" })]), [{ name: "other", policy: "Delete" }]);
});

test("planContents() leaves members to their group, as long as there is one", () => {
  const member = content("member", { groupHandle: "d g" });
  const group = content("group", { handle: "d g" });
  assert.deepEqual(planContents([member], [group]), [{ name: "member", policy: undefined }]);
  assert.deepEqual(planContents([group]), [{ name: "group", policy: "Delete" }]);
  assert.deepEqual(planContents([member]), [{ name: "member", policy: "Delete" }]);
  // What is imported does not say which group it is of; the group does.
  const imported = content("imported", { policy: "Delete", isImported: true });
  assert.deepEqual(planContents([imported], [{ ...group, members: ["d h"] }]), [{ name: "imported", policy: "Retain" }]);
});

test("planContents() takes two contents that nothing was cut for as two", () => {
  const ends = planContents([content("a", { handle: undefined }), content("b", { handle: undefined })]);
  assert.deepEqual(ends, [
    { name: "a", policy: "Delete" },
    { name: "b", policy: "Delete" },
  ]);
});

test("readContent() finds the handle of what was cut, and of what is imported before anybody has looked at it", () => {
  const metadata = { name: "c" };
  const spec = { driver: "d", deletionPolicy: "Retain", source: { volumeHandle: "v" } };
  const cut = readContent({ metadata, spec, status: { snapshotHandle: "h", volumeGroupSnapshotHandle: "g" } }, "snapshotHandle", true);
  assert.deepEqual(cut, content("c", { groupHandle: "d g" }));
  const imported = { ...spec, source: { snapshotHandle: "h" } };
  assert.deepEqual(readContent({ metadata, spec: imported }, "snapshotHandle", true), content("c", { isImported: true }));
  const group = { ...spec, source: { groupSnapshotHandles: { volumeGroupSnapshotHandle: "g", volumeSnapshotHandles: ["h"] } } };
  const read = readContent({ metadata, spec: group }, "volumeGroupSnapshotHandle", false);
  assert.deepEqual(read, content("c", { handle: "d g", isImported: true, isDoomed: false, members: ["d h"] }));
  const cutGroup = { metadata, spec, status: { volumeGroupSnapshotHandle: "g", volumeSnapshotInfoList: [{ snapshotHandle: "h" }, {}] } };
  assert.deepEqual(readContent(cutGroup, "volumeGroupSnapshotHandle", true).members, ["d h"]);
  assert.equal(readContent({ metadata, spec }, "snapshotHandle", true).handle, undefined);
});
