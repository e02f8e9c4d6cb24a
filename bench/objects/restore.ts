import { atMost, costValues, Figures, type Goal, type Outcome } from "../part.ts";
import { empty, fill, requireFull } from "./cluster-content.ts";
import { Holdfast } from "./holdfast.ts";
import { Velero } from "./velero.ts";
import type { ObjectsBench, ObjectsPart } from "./part.ts";

const NAMESPACE = "shop";
const OBJECTS = 10_000;

export const restorePart: ObjectsPart = {
  name: "restore",
  description: "restore of 10,000 ConfigMaps and Secrets into a cluster that lacks their namespace",
  run: restore,
};

async function restore(bench: ObjectsBench): Promise<Outcome> {
  const { site } = bench;
  const [figures, goals] = [new Figures(bench), [] as Goal[]];
  const what = "restore";
  await fill(site, NAMESPACE, OBJECTS);
  await using velero = bench.velero === undefined ? undefined : await Velero.start(site, bench.velero);
  const holdfast = await Holdfast.start(site);
  await velero?.backUp("backup", NAMESPACE);
  await holdfast.backUp(NAMESPACE);
  await empty(site, NAMESPACE);

  const plain = await fill(site, NAMESPACE, OBJECTS);
  figures.add(what, "plain creates, 16 connections", costValues(plain));
  await empty(site, NAMESPACE);

  const ours = await holdfast.restore(NAMESPACE, "--max-speed");
  await requireFull(site, NAMESPACE, OBJECTS);
  figures.add(what, "holdfast --max-speed", costValues(ours));
  goals.push(atMost("restore with field ownership: 2.3x plain creates", ours.wallSeconds / plain.wallSeconds, 2.3, "x"));
  if (velero === undefined) return { figures: figures.all, goals };

  await empty(site, NAMESPACE);
  const theirs = await velero.restore("restore", "backup");
  await requireFull(site, NAMESPACE, OBJECTS);
  figures.add(what, "velero", { ...costValues(theirs), "own status s": theirs.statusSeconds });
  goals.push(atMost("restore: a tenth of Velero's time", ours.wallSeconds / theirs.wallSeconds, 0.1, "x"));
  return { figures: figures.all, goals };
}
