/** The storage classes that a restore finds: those of the cluster, and those that the point brings along. */
import { DomainError } from "../../base/errors.ts";
import { type JsonObject, objectIn, textIn } from "../../kube/json.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import { listPages } from "../../kube/list.ts";
import { nameOf } from "../../kube/resource-type.ts";
import type { PointSource, Prepare } from "../point-source.ts";
import { onlyIfThere } from "../plan/live-objects.ts";
import { annotationIn, STORAGE_CLASSES } from "./storage-objects.ts";

export interface TargetClass {
  readonly name: string;
  readonly provisioner: string;
  readonly isLate: boolean;
  readonly isDefault: boolean;
  readonly parameters: Readonly<Record<string, string>>;
}

const DEFAULT = ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"];

export interface ClassSearch {
  readonly api: KubeApi;
  readonly source: PointSource;
  readonly prepare: Prepare;
  readonly signal: AbortSignal;
}

/** By name. */
export async function targetClasses({ api, source, prepare, signal }: ClassSearch): Promise<ReadonlyMap<string, TargetClass>> {
  const found = new Map<string, TargetClass>();
  // Those of the cluster come last: what is there is left as it is.
  for (const resource of source.resources) {
    if (nameOf(resource) !== nameOf(STORAGE_CLASSES)) continue;
    for await (const object of source.objects(resource, signal)) {
      const prepared = prepare(object);
      if (prepared.kind === "object") found.set(prepared.name, classOf(prepared.object));
    }
  }
  try {
    for await (const { items } of listPages(api, STORAGE_CLASSES, { signal })) {
      for (const item of items) found.set(textIn(objectIn(item, "metadata"), "name") ?? "", classOf(item));
    }
  } catch (error) {
    onlyIfThere(error);
  }
  return found;
}

/** The newest of several, as the server has it, is not worth telling: it takes whichever it likes best, and so does the claim. */
export function defaultClass(classes: ReadonlyMap<string, TargetClass>): TargetClass | undefined {
  return classes.values().find(({ isDefault }) => isDefault);
}

export function classOf(object: JsonObject): TargetClass {
  const parameters = Object.entries(objectIn(object, "parameters")).filter((pair): pair is [string, string] => typeof pair[1] === "string");
  return {
    name: textIn(objectIn(object, "metadata"), "name") ?? "",
    provisioner: textIn(object, "provisioner") ?? "",
    isLate: textIn(object, "volumeBindingMode") === "WaitForFirstConsumer",
    isDefault: DEFAULT.some((name) => annotationIn(object, name) === "true"),
    parameters: Object.fromEntries(parameters),
  };
}

const DRIVERS = { group: "storage.k8s.io", version: "v1", plural: "csidrivers", kind: "CSIDriver" } as const;

/**
 * Names of the drivers of the Container Storage Interface: their provisioner leaves a claim alone that names a source it does not know. Older kinds of
 * provisioners do not look. undefined: nobody tells.
 */
export async function driversOf(api: KubeApi, signal: AbortSignal): Promise<ReadonlySet<string> | undefined> {
  const found = new Set<string>();
  try {
    for await (const { items } of listPages(api, DRIVERS, { isMetadataOnly: true, signal })) {
      for (const item of items) found.add(textIn(objectIn(item, "metadata"), "name") ?? "");
    }
  } catch (error) {
    if (error instanceof DomainError && error.code === "kube_forbidden") return undefined;
    onlyIfThere(error);
    return undefined;
  }
  return found;
}
