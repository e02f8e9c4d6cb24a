import { atMost, costValues, Figures, type Outcome } from "../part.ts";
import { systemClock } from "../../src/base/clock.ts";
import type { KubeApi } from "../../src/kube/kube-api.ts";
import { listPages } from "../../src/kube/list.ts";
import { createObject, getObject, updateObject } from "../../src/kube/objects.ts";
import { empty, fill, requireFull } from "./cluster-content.ts";
import { Holdfast } from "./holdfast.ts";
import type { ObjectsBench, ObjectsPart } from "./part.ts";

const NAMESPACE = "shop";
const OBJECTS = 10_000;
const NEIGHBOUR = "neighbour";
const NEIGHBOUR_OBJECTS = 20;
const EVERY_MS = 20;
const ALONE_MS = 20_000;
const FIELD_MANAGER = "holdfast-bench";
const NAMESPACES = { group: "", version: "v1", plural: "namespaces" } as const;
const CONFIG_MAPS = { group: "", version: "v1", plural: "configmaps", kind: "ConfigMap" } as const;

export const neighbourPart: ObjectsPart = {
  name: "neighbour",
  description:
    "another client, which gets, lists and updates small objects in turn every 20 ms, alone and beside a restore of 10,000 objects",
  run: neighbour,
};

async function neighbour(bench: ObjectsBench): Promise<Outcome> {
  const { site } = bench;
  const { api, signal } = site;
  const figures = new Figures(bench);
  await createObject(
    api,
    NAMESPACES,
    { apiVersion: "v1", kind: "Namespace", metadata: { name: NEIGHBOUR } },
    { fieldManager: FIELD_MANAGER },
  );
  for (let number = 0; number < NEIGHBOUR_OBJECTS; number++) {
    const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: `object-${number}` }, data: { key: "value" } };
    await createObject(api, CONFIG_MAPS, object, { namespace: NEIGHBOUR, fieldManager: FIELD_MANAGER });
  }
  await fill(site, NAMESPACE, OBJECTS);
  const holdfast = await Holdfast.start(site);
  await holdfast.backUp(NAMESPACE);
  await empty(site, NAMESPACE);

  const alone = percentiles(await latencies(api, AbortSignal.any([signal, AbortSignal.timeout(ALONE_MS)])));
  figures.add("requests alone", "neighbour", alone);
  const restored = new AbortController();
  const [cost, measured] = await Promise.all([
    holdfast.restore(NAMESPACE).finally(() => restored.abort()),
    latencies(api, AbortSignal.any([signal, restored.signal])),
  ]);
  const beside = percentiles(measured);
  await requireFull(site, NAMESPACE, OBJECTS);
  figures.add("requests beside a restore", "neighbour", beside);
  figures.add("restore beside them", "holdfast", costValues(cost));
  const ratio = beside["p99 ms"] / alone["p99 ms"];
  return { figures: figures.all, goals: [atMost("another client's 99th percentile beside a restore: twice that alone", ratio, 2, "x")] };
}

/** How long requests took that were sent every 20 ms until the signal, whether those before had been answered or not. */
async function latencies(api: KubeApi, until: AbortSignal): Promise<number[]> {
  const requests: Promise<number>[] = [];
  const ended = systemClock.sleep(Number.MAX_SAFE_INTEGER, until).catch(() => undefined);
  const started = performance.now();
  while (!until.aborted) {
    requests.push(timed(api, requests.length));
    const untilNextMs = started + requests.length * EVERY_MS - performance.now();
    await Promise.race([systemClock.sleep(Math.max(0, untilNextMs)), ended]);
  }
  return Promise.all(requests);
}

/** @returns milliseconds */
async function timed(api: KubeApi, number: number): Promise<number> {
  const place = { namespace: NEIGHBOUR, name: `object-${number % NEIGHBOUR_OBJECTS}` };
  const started = performance.now();
  if (number % 3 === 0) await getObject(api, CONFIG_MAPS, place);
  else if (number % 3 === 1) await Array.fromAsync(listPages(api, CONFIG_MAPS, { namespace: NEIGHBOUR }));
  else {
    const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: place.name }, data: { key: String(number) } };
    await updateObject(api, CONFIG_MAPS, place, object, { fieldManager: FIELD_MANAGER });
  }
  return performance.now() - started;
}

function percentiles(values: readonly number[]): { readonly requests: number; readonly "median ms": number; readonly "p99 ms": number } {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { requests: sorted.length, "median ms": at(0.5), "p99 ms": at(0.99) };
}
