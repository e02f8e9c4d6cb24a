import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../base/testing/fake-clock.ts";
import { UlidSource } from "../base/ids.ts";
import { MadeFiles } from "../archive/made-files.ts";
import { timestampAt } from "../repository/format/timestamp.ts";
import { SampleRepository } from "../repository/testing/sample-repository.ts";
import { MemoryStore } from "../storage/memory.ts";
import type { PointDescription } from "./description.ts";
import { pathOfObject } from "./object-path.ts";
import { matchingPoints, onePoint, type PointHandle, pointsOf, pointTag } from "./points.ts";
import { readDescription } from "./read-description.ts";
import { RestorePoint } from "./restore-point.ts";

const CONFIG_MAPS = { group: "", version: "v1", plural: "configmaps" };
const ROLES = { group: "rbac.authorization.k8s.io", version: "v1", plural: "clusterroles" };

function describe(id: PointDescription["id"]): PointDescription {
  return {
    format: 1,
    id,
    time: timestampAt(0).text,
    unit: { kind: "namespace", name: "shop", namespaces: ["shop"] },
    cluster: { id: "1-2", name: "prod", version: "v1.36.3" },
    programVersion: "test",
    resources: [{ ...CONFIG_MAPS, kind: "ConfigMap", count: 2 }],
    dependencies: [{ id: { group: "", kind: "Namespace", namespace: undefined, name: "other" }, why: "used" }],
    uses: [{ kind: "namespace", name: "other", why: "service" }],
    images: [{ image: "a:1", digest: undefined }],
    releases: [{ tool: "helm", name: "shop", namespace: "shop", source: "web 1", revision: "3" }],
    volumes: [
      {
        namespace: "shop",
        claim: "data",
        claimUid: "3-4",
        method: "snapshot",
        why: "its driver cuts snapshots",
        mode: "Filesystem",
        storageClass: "fast",
        driver: "csi.example.com",
        accessModes: ["ReadWriteOnce"],
        capacityBytes: 1 << 30,
        data: {
          path: ["volumes", "data"],
          consistency: "application",
          group: "1",
          time: timestampAt(0).text,
          files: 3,
          bytes: 10,
          moverMs: 1_500,
          snapshot: { driver: "csi.example.com", handle: "s-1", sizeBytes: 1 << 30, namespace: "holdfast-system", name: "kept" },
        },
      },
    ],
    streams: [{ namespace: "shop", blueprint: "postgresql", pod: "db-0", path: ["streams", "db.sql"], bytes: 7 }],
    databases: [
      {
        namespace: "shop",
        workload: "StatefulSet/db",
        blueprint: "postgresql",
        untested: false,
        pod: "db-0",
        claims: ["data"],
        quiescedMs: 12,
        why: "x",
      },
    ],
    findings: [{ grade: "info", code: "x", object: "y", message: "z" }],
  };
}

class World {
  readonly clock: FakeClock = new FakeClock();
  readonly #ids = new UlidSource(this.clock);
  readonly sample: Promise<SampleRepository> = SampleRepository.init(new MemoryStore({ clock: this.clock }), this.clock);

  /** Objects by namespace, resource and name. */
  async addPoint(files: readonly (readonly [path: readonly string[], content: string])[], description?: string): Promise<PointHandle> {
    const sample = await this.sample;
    const id = this.#ids.next();
    const made = new MadeFiles(await sample.session(), this.clock);
    for (const [path, content] of files) made.add(path, Buffer.from(content), 1_000);
    made.add(["holdfast.json"], Buffer.from(description ?? JSON.stringify(describe(id))), 0);
    const { tree } = await made.finish();
    const snapshot = await sample.addSnapshot({}, { tree, tags: [pointTag(id)] });
    return { id, snapshot, timeMs: 0, isPartial: false };
  }

  async open(handle: PointHandle): Promise<RestorePoint> {
    return RestorePoint.open(await (await this.sample).session(), handle);
  }
}

function named(name: string, namespace?: string): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, namespace, generation: 9_007_199_254_740_993n.toString() },
  });
}

test("a point gives its description and its objects, by resource, in the order of their names", async () => {
  const world = new World();
  const long = "n".repeat(250);
  const handle = await world.addPoint([
    [pathOfObject({ resource: CONFIG_MAPS, namespace: "shop" }, "b"), named("b", "shop")],
    [pathOfObject({ resource: CONFIG_MAPS, namespace: "shop" }, "a"), named("a", "shop")],
    [pathOfObject({ resource: CONFIG_MAPS, namespace: "shop" }, long), named(long, "shop")],
    [pathOfObject({ resource: ROLES, namespace: undefined }, "system:view"), named("system:view")],
  ]);
  const point = await world.open(handle);
  assert.deepEqual(point.description, describe(handle.id));
  const objects = await Array.fromAsync(point.objects());
  assert.deepEqual(
    objects.map(({ resource, namespace, name }) => [resource.plural, resource.group, namespace, name]),
    [
      ["clusterroles", "rbac.authorization.k8s.io", undefined, "system:view"],
      ["configmaps", "", "shop", "a"],
      ["configmaps", "", "shop", "b"],
      ["configmaps", "", "shop", long],
    ],
  );
  const some = await Array.fromAsync(
    point.objects(({ resource }) => resource.plural === "configmaps"),
    ({ name }) => name.slice(0, 3),
  );
  assert.deepEqual(some, ["a", "b", "nnn"]);
});

test("what is no object, or has no description, is told as damage", async () => {
  const world = new World();
  const path = pathOfObject({ resource: CONFIG_MAPS, namespace: "shop" }, "a");
  for (const content of ["", "[]", "{}", '{"metadata":{}}', "{"]) {
    const point = await world.open(await world.addPoint([[path, content]]));
    await assert.rejects(Array.fromAsync(point.objects()), { kind: "corrupt", code: "restore_point" });
  }
  await assert.rejects(world.open(await world.addPoint([], "{}")), { kind: "corrupt", code: "restore_point" });
  const empty = await (await world.sample).addSnapshot({ other: "text" });
  await assert.rejects(world.open({ ...(await world.addPoint([])), snapshot: empty }), { code: "restore_point" });
});

test("a description of a newer format is refused, and bad fields are named", () => {
  const good = describe(new UlidSource(new FakeClock()).next());
  const read = (change: object): PointDescription => readDescription(Buffer.from(JSON.stringify({ ...good, ...change })));
  assert.deepEqual(read({ unknown: 1 }), good);
  assert.throws(() => read({ format: 2 }), { kind: "unsupported", code: "point_format" });
  for (const [change, field] of [
    [{ id: "x" }, /field "id"/],
    [{ unit: { kind: "x", name: "a" } }, /no kind of unit "x"/],
    [{ resources: [{}] }, /field "resources\[0\]\.version" is missing/],
    [{ findings: [{ grade: "bad", code: "x" }] }, /grade "bad"/],
    [{ images: "x" }, /field "images" is not a list/],
  ] as const) {
    assert.throws(() => read(change), { kind: "corrupt", code: "restore_point", message: field });
  }
});

test("points are known by their tags, and named by the beginning of an id", async () => {
  const world = new World();
  const sample = await world.sample;
  const [first, second] = [await world.addPoint([]), await world.addPoint([])];
  const foreign = [await sample.addSnapshot({}), await sample.addSnapshot({}, { tags: ["point=nonsense"] })];
  const points = pointsOf([first.snapshot, ...foreign, second.snapshot]);
  assert.deepEqual(
    points.map(({ id }) => id),
    [first.id, second.id],
  );
  const idsOf = (name: string): readonly string[] => matchingPoints(points, name).map(({ id }) => id);
  assert.deepEqual(
    [idsOf("latest"), idsOf(first.id.toLowerCase()), idsOf(second.snapshot.id.slice(0, 8))],
    [[second.id], [first.id], [second.id]],
  );
  assert.deepEqual([idsOf(first.id.slice(0, 6)), idsOf(first.id.slice(0, 5))], [[first.id, second.id], []]);
  assert.throws(() => onePoint(points, "01", ""), { kind: "usage", code: "point_ambiguous" });
  assert.throws(() => onePoint([], "01", ""), { kind: "not-found", code: "point_not_found" });
});

test("names that are no file names are hashed, each to another path", () => {
  const folder = { resource: CONFIG_MAPS, namespace: undefined };
  assert.equal(pathOfObject(folder, "a").join("/"), "objects/_cluster/core/configmaps/v1/a.json");
  for (const name of ["a/b", "../x", "~a", "n".repeat(241), ""])
    assert.match(pathOfObject(folder, name).at(-1) ?? "", /^~[0-9a-f]{64}\.json$/);
  assert.equal(pathOfObject(folder, "n".repeat(240)).at(-1), `${"n".repeat(240)}.json`);
});
