/**
 * Classes that take a Secret from the claim's namespace, or by its name. The claim that is filled is another one, in Holdfast's namespace:
 * it gets a class of its own for that moment, in which the names of the application's claim stand. The Secret itself is never copied.
 */
import { isJsonObject, type JsonObject, objectIn } from "../../kube/json.ts";
import { annotationIn } from "./storage-objects.ts";

/** Source: CSI, "StorageClass Secrets". */
const SECRET = /^csi\.storage\.k8s\.io\/.*secret-(?:name|namespace)$/;
const TEMPLATE = /\$\{(pvc\.[^}]*)\}/g;
const ANNOTATION = /^pvc\.annotations\['([^']+)'\]$/;

/** Whether what is read from it depends on the claim. */
export function isOfClaim(parameters: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(parameters).some(([name, value]) => SECRET.test(name) && typeof value === "string" && value.search(TEMPLATE) >= 0);
}

export interface NamedClaim {
  readonly namespace: string;
  readonly name: string;
  /** As it is at the target: annotations may be named, too. */
  readonly object?: JsonObject | undefined;
}

/** The same class, for this claim and no other; what it does not understand stays, and the provisioner says so. */
export function classForClaim(storageClass: JsonObject, claim: NamedClaim, metadata: JsonObject): JsonObject {
  const parameters = Object.entries(objectIn(storageClass, "parameters")).map(([name, value]) => [
    name,
    SECRET.test(name) && typeof value === "string" ? filledIn(value, claim) : value,
  ]);
  const { provisioner, reclaimPolicy, mountOptions, volumeBindingMode, allowedTopologies, allowVolumeExpansion } = storageClass;
  const fields = { provisioner, reclaimPolicy, mountOptions, volumeBindingMode, allowedTopologies, allowVolumeExpansion };
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as JsonObject;
  const object: unknown = {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata,
    ...given,
    parameters: Object.fromEntries(parameters) as JsonObject,
  };
  return isJsonObject(object) ? object : {};
}

function filledIn(value: string, { namespace, name, object }: NamedClaim): string {
  return value.replaceAll(TEMPLATE, (whole, what: string) => {
    if (what === "pvc.namespace") return namespace;
    if (what === "pvc.name") return name;
    const annotation = ANNOTATION.exec(what)?.[1];
    return annotation === undefined || object === undefined ? whole : (annotationIn(object, annotation) ?? whole);
  });
}
