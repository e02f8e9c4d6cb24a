import { atMost, Figures, type Goal, type Outcome } from "../part.ts";
import { Holdfast } from "./holdfast.ts";
import type { VolumesBench, VolumesPart } from "./part.ts";
import { COMMITS_PER_SECOND, Postgres } from "./postgres.ts";
import type { Site } from "./site.ts";

const NAMESPACE = "bank";
const LIMIT_S = 2;
const READY_AFTER_S = 60;
const DRIVER = "btrfs.csi.holdfast.dev";
/** Of snapshots and of groups. */
const CLASSES = [
  { name: "btrfs", words: "ready at once" },
  { name: "bench-60", words: `ready ${READY_AFTER_S} s later` },
];

export const quiescePart: VolumesPart = {
  name: "quiesce",
  description: `backup of a PostgreSQL with a volume of 2 GB under ${COMMITS_PER_SECOND} commits a second: how long it is held still`,
  run: quiesce,
};

async function quiesce(bench: VolumesBench): Promise<Outcome> {
  await using site = await bench.openSite();
  const [figures, goals] = [new Figures(bench), [] as Goal[]];
  await makeClasses(site);
  const holdfast = await Holdfast.start(site);
  const postgres = await Postgres.start(site, NAMESPACE);
  await using load = await postgres.load();
  const measure = async (what: string, snapshotClass: string): Promise<void> => {
    const startMs = Date.now();
    const { value, seconds } = await holdfast.backUp(NAMESPACE, "--snapshot-class", snapshotClass);
    const { longestGapMs, commits } = await load.between(startMs, Date.now());
    const quiescedMs = value.databases[0]?.quiescedMs ?? Number.NaN;
    figures.add(what, "holdfast backup", {
      "quiesced ms": quiescedMs,
      "longest gap ms": longestGapMs,
      "commits/s": commits / seconds,
      "wall s": seconds,
      "data MB": sum(value.volumes.map(({ data }) => data?.bytes ?? 0)) / 1e6,
    });
    goals.push(atMost(`quiesced time, ${what}: under ${LIMIT_S} s`, quiescedMs / 1_000, LIMIT_S, " s"));
  };
  for (const { name, words } of CLASSES) await measure(`snapshot, ${words}`, name);
  // With a second claim there is a group.
  await site.kubectl.apply([secondClaim()], NAMESPACE);
  await site.kubectl.run("wait", "--namespace", NAMESPACE, "pvc/archive", "--for=jsonpath={.status.phase}=Bound", "--timeout=60s");
  for (const { name, words } of CLASSES) await measure(`group, ${words}`, name);
  return { figures: figures.all, goals };
}

async function makeClasses({ kubectl }: Site): Promise<void> {
  const fields = {
    metadata: { name: "bench-60" },
    driver: DRIVER,
    deletionPolicy: "Delete",
    parameters: { readyAfterSeconds: String(READY_AFTER_S) },
  };
  await kubectl.apply([
    { apiVersion: "snapshot.storage.k8s.io/v1", kind: "VolumeSnapshotClass", ...fields },
    { apiVersion: "groupsnapshot.storage.k8s.io/v1", kind: "VolumeGroupSnapshotClass", ...fields },
  ]);
}

function secondClaim(): object {
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: "archive" },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "64Mi" } } },
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
