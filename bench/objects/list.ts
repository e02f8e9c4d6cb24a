import { atMost, costValues, Figures, type Outcome } from "../part.ts";
import { forEachConcurrent } from "../../src/base/concurrency.ts";
import type { JsonObject } from "../../src/kube/json.ts";
import type { ResourcePath } from "../../src/kube/resource-type.ts";
import { createObject } from "../../src/kube/objects.ts";
import { Holdfast } from "./holdfast.ts";
import type { Site } from "./site.ts";
import type { ObjectsBench, ObjectsPart } from "./part.ts";

const NAMESPACES = 1_000;
const CONNECTIONS = 16;

export const listPart: ObjectsPart = {
  name: "list",
  description:
    "the applications of a cluster of 1,000 namespaces and 50,000 objects: in each two that a label marks, and things that nothing marks",
  run: list,
};

async function list(bench: ObjectsBench): Promise<Outcome> {
  const figures = new Figures(bench);
  const numbers = Array.from({ length: NAMESPACES }, (_, number) => number);
  await forEachConcurrent(numbers, { limit: CONNECTIONS, signal: bench.site.signal }, (number) =>
    makeNamespace(bench.site, `team-${number}`),
  );
  const holdfast = await Holdfast.start(bench.site);
  const cost = await holdfast.listApplications();
  figures.add("app list", "holdfast", costValues(cost));
  return { figures: figures.all, goals: [atMost("app list on 50,000 objects: under 5 s", cost.wallSeconds, 5, " s")] };
}

/** 46 objects, and four that controllers make: a replica set for each deployment, an account, and a ConfigMap. */
async function makeNamespace({ api }: Site, namespace: string): Promise<void> {
  const create = async (plural: string, group: string, object: JsonObject): Promise<void> => {
    const resource: ResourcePath = { group, version: "v1", plural };
    await createObject(api, resource, object, {
      namespace: plural === "namespaces" ? undefined : namespace,
      fieldManager: "holdfast-bench",
    });
  };
  await create("namespaces", "", { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  for (const name of ["web", "worker"]) {
    const labels = { "app.kubernetes.io/instance": name };
    const template = {
      metadata: { labels },
      spec: { containers: [{ name: "main", image: "none", envFrom: [{ configMapRef: { name: `${name}-0` } }] }] },
    };
    const spec = { replicas: 0, selector: { matchLabels: labels }, template };
    await create("deployments", "apps", { apiVersion: "apps/v1", kind: "Deployment", metadata: { name, labels }, spec });
    const ports = [{ port: 80 }];
    await create("services", "", {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name, labels },
      spec: { clusterIP: "None", selector: labels, ports },
    });
    for (let number = 0; number < 6; number++) {
      await create("configmaps", "", {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: `${name}-${number}`, labels },
        data: { key: "value" },
      });
      await create("secrets", "", {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: `${name}-${number}`, labels },
        stringData: { key: "value" },
      });
    }
  }
  for (let number = 0; number < 18; number++) {
    await create("configmaps", "", { apiVersion: "v1", kind: "ConfigMap", metadata: { name: `other-${number}` }, data: { key: "value" } });
  }
}
