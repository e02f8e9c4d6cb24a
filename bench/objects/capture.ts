import { atMost, costValues, Figures, type Goal, type Outcome } from "../part.ts";
import { fill } from "./cluster-content.ts";
import { Holdfast } from "./holdfast.ts";
import { Velero } from "./velero.ts";
import type { ObjectsBench, ObjectsPart } from "./part.ts";

const NAMESPACE = "shop";
const OBJECTS = 10_000;

export const capturePart: ObjectsPart = {
  name: "capture",
  description: "capture of a namespace of 10,000 ConfigMaps and Secrets into S3, twice",
  run: capture,
};

async function capture(bench: ObjectsBench): Promise<Outcome> {
  const { site } = bench;
  const [figures, goals] = [new Figures(bench), [] as Goal[]];
  await fill(site, NAMESPACE, OBJECTS);
  await using velero = bench.velero === undefined ? undefined : await Velero.start(site, bench.velero);
  const holdfast = await Holdfast.start(site);
  const captures: { readonly velero: number; readonly holdfast: number; readonly storedBytes: number }[] = [];
  for (const what of ["first capture", "second capture, nothing changed"]) {
    const theirs = await velero?.backUp(`backup-${captures.length}`, NAMESPACE);
    if (theirs !== undefined) {
      const { statusSeconds, storedBytes } = theirs;
      figures.add(what, "velero", { ...costValues(theirs), "own status s": statusSeconds, "stored kB": storedBytes / 1e3 });
    }
    const ours = await holdfast.backUp(NAMESPACE);
    figures.add(what, "holdfast", { ...costValues(ours), "stored kB": ours.storedBytes / 1e3 });
    captures.push({ velero: theirs?.wallSeconds ?? Number.NaN, holdfast: ours.wallSeconds, storedBytes: ours.storedBytes });
  }
  const [first, second] = captures;
  if (first === undefined || second === undefined) throw new Error("unreachable");
  if (velero !== undefined) goals.push(atMost("capture: a quarter of Velero's time", first.holdfast / first.velero, 0.25, "x"));
  goals.push(atMost("second capture: half of the first", second.holdfast / first.holdfast, 0.5, "x"));
  goals.push(atMost("second capture: under 100 kB stored", second.storedBytes / 1e3, 100, " kB"));
  return { figures: figures.all, goals };
}
