import assert from "node:assert/strict";
import { test } from "node:test";
import type { ClaimFacts } from "./claim-facts.ts";
import { planCuts, sameClaims } from "./plan-groups.ts";
import { planVolumes } from "./plan-volumes.ts";
import type { SnapshotClass } from "./snapshot-classes.ts";
import { boundClaim, classOf, DRIVER, inZone, storageOf, volumeOf } from "./testing/facts.ts";

const OTHER = "other.example.com";

interface Cuts {
  readonly groups: readonly (readonly string[])[];
  readonly singles: readonly string[];
}

function cuts(claims: readonly ClaimFacts[], groupClasses: readonly SnapshotClass[], named: readonly string[] = []): Cuts {
  const storage = storageOf({
    snapshotClasses: [classOf("cuts"), classOf("others", { driver: OTHER })],
    storageClasses: [
      { name: "disks", provisioner: DRIVER, waitsForPod: false, tenantSecret: undefined },
      { name: "others", provisioner: OTHER, waitsForPod: false, tenantSecret: undefined },
    ],
  });
  const { volumes } = planVolumes(claims, storage, [], { choice: "auto", allowLive: false, snapshotClasses: named });
  const planned = planCuts(volumes, groupClasses, named);
  return {
    groups: planned.groups.map(({ className, members }) => [className, ...members.map(({ claim }) => claim.name)]),
    singles: planned.singles.map(({ claim }) => claim.name),
  };
}

const ofOther = (name: string): ClaimFacts => boundClaim(name, { storageClass: "others", volume: volumeOf(name, { driver: OTHER }) });

test("volumes of one namespace and driver are a group, several drivers several groups, and one volume alone is none", () => {
  const claims = [boundClaim("a"), boundClaim("b"), ofOther("c"), ofOther("d"), boundClaim("far", { namespace: "elsewhere" })];
  const classes = [classOf("together"), classOf("others-together", { driver: OTHER })];
  assert.deepEqual(cuts(claims, classes), {
    groups: [
      ["together", "a", "b"],
      ["others-together", "c", "d"],
    ],
    singles: ["far"],
  });
  assert.deepEqual(cuts(claims, []), { groups: [], singles: ["a", "b", "c", "d", "far"] });
});

test("volumes in two zones have no moment in common", () => {
  const claims = ["a", "b"].map((name) => boundClaim(name, { volume: volumeOf(name, { nodes: inZone(name) }) }));
  assert.deepEqual(cuts(claims, [classOf("together")]), { groups: [], singles: ["a", "b"] });
});

test("of several classes of groups the default counts; without one volumes are cut one by one", () => {
  const claims = [boundClaim("a"), boundClaim("b")];
  assert.deepEqual(cuts(claims, [classOf("x"), classOf("y", { isDefault: true })]).groups, [["y", "a", "b"]]);
  assert.deepEqual(cuts(claims, [classOf("x"), classOf("y")]).singles, ["a", "b"]);
});

test("sameClaims() goes by uid: one that came back under its name is another", () => {
  const before = [boundClaim("a"), boundClaim("b")];
  assert.ok(sameClaims(before, ["uid-b", "uid-a"]));
  assert.ok(!sameClaims(before, ["uid-a"]));
  assert.ok(!sameClaims(before, ["uid-a", "uid-b", "uid-c"]));
  assert.ok(!sameClaims(before, ["uid-a", "uid-b2"]));
});
