/** Which class a snapshot is made with. Nothing is guessed: of several without a default a person chooses. */
import { DomainError } from "../../base/errors.ts";
import { type JsonObject, objectIn, textIn } from "../../kube/json.ts";

export interface SnapshotClass {
  readonly name: string;
  readonly driver: string;
  readonly isDefault: boolean;
  /** The Secret that is looked for in the namespace of the snapshot, or of the claim, by its name there. */
  readonly tenantSecret: string | undefined;
}

export interface StorageClass {
  readonly name: string;
  readonly provisioner: string;
  /** It makes a volume only when there is a pod for it. */
  readonly waitsForPod: boolean;
  readonly tenantSecret: string | undefined;
}

/** Parameters that name a namespace in which a Secret is looked for, and may do so by a template. */
const SECRET_NAMESPACE = /^csi\.storage\.k8s\.io\/(?<use>.*)-secret-namespace$/;
const TEMPLATE = "${";

export function snapshotClass(object: JsonObject): SnapshotClass {
  const metadata = objectIn(object, "metadata");
  const annotations = objectIn(metadata, "annotations");
  const isDefault = ["snapshot", "groupsnapshot"].some(
    (kind) => textIn(annotations, `${kind}.storage.kubernetes.io/is-default-class`) === "true",
  );
  const name = textIn(metadata, "name") ?? "";
  return { name, driver: textIn(object, "driver") ?? "", isDefault, tenantSecret: tenantSecretOf(object) };
}

export function storageClass(object: JsonObject): StorageClass {
  const name = textIn(objectIn(object, "metadata"), "name") ?? "";
  const waitsForPod = textIn(object, "volumeBindingMode") === "WaitForFirstConsumer";
  return { name, provisioner: textIn(object, "provisioner") ?? "", waitsForPod, tenantSecret: tenantSecretOf(object) };
}

function tenantSecretOf(object: JsonObject): string | undefined {
  const parameters = objectIn(object, "parameters");
  for (const [key, value] of Object.entries(parameters)) {
    const use = SECRET_NAMESPACE.exec(key)?.groups?.["use"];
    if (use === undefined || typeof value !== "string" || !value.includes(TEMPLATE)) continue;
    return textIn(parameters, `csi.storage.k8s.io/${use}-secret-name`) ?? "";
  }
  return undefined;
}

/**
 * The class for volumes of a driver: the one that a person named, the default, or the only one. Volumes whose credentials lie in the namespace of
 * their claim have classes of their own.
 *
 * @param named Of any drivers
 * @returns undefined: the driver has none
 * @throws {DomainError} usage/snapshot_class_ambiguous
 */
export function chooseClass(
  classes: readonly SnapshotClass[],
  driver: string,
  { named, tenantSecret }: { readonly named: readonly string[]; readonly tenantSecret: string | undefined },
): SnapshotClass | undefined {
  const ofDriver = classes.filter((candidate) => candidate.driver === driver);
  const chosen = ofDriver.find(({ name }) => named.includes(name));
  if (chosen !== undefined) return chosen;
  const ofTenant = ofDriver.filter((candidate) => candidate.tenantSecret === tenantSecret);
  const fitting = ofTenant.length > 0 ? ofTenant : ofDriver;
  const defaults = fitting.filter(({ isDefault }) => isDefault);
  const [first, ...others] = defaults.length > 0 ? defaults : fitting;
  if (others.length === 0) return first;
  const names = [first, ...others].map((candidate) => `"${candidate?.name}"`).join(", ");
  const which = defaults.length > 0 ? "several are marked as the default" : "none is marked as the default";
  throw new DomainError(
    "usage",
    "snapshot_class_ambiguous",
    `Cannot tell which snapshot class to use for driver "${driver}": there are ${names}, and ${which}`,
    { hint: "Name one with --snapshot-class" },
  );
}

/** @throws {DomainError} usage/snapshot_class_missing: a person named one that there is not */
export function requireClasses(classes: readonly SnapshotClass[], named: readonly string[]): void {
  const missing = named.find((name) => !classes.some((candidate) => candidate.name === name));
  if (missing === undefined) return;
  const names = classes.map(({ name }) => `"${name}"`).join(", ");
  throw new DomainError("usage", "snapshot_class_missing", `Cannot use snapshot class "${missing}": there is none`, {
    hint: names === "" ? "The cluster has no VolumeSnapshotClass" : `There are ${names}`,
  });
}
