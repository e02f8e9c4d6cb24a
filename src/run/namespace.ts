/** Holdfast's namespace: where movers run, and everything is that is temporary. */
import { DomainError } from "../base/errors.ts";
import { objectIn, textIn } from "../kube/json.ts";
import type { KubeApi } from "../kube/kube-api.ts";
import { createObject, getObject } from "../kube/objects.ts";
import { NAMESPACES } from "./kinds.ts";
import { FIELD_MANAGER, MANAGED_BY, MANAGED_BY_LABEL } from "./marks.ts";

/**
 * Makes it if it is missing.
 *
 * @throws {DomainError} forbidden/holdfast_namespace: it is missing, and the user may not make it
 * @throws {DomainError} conflict/holdfast_namespace: it is being deleted
 */
export async function ensureNamespace(api: KubeApi, name: string, signal: AbortSignal): Promise<void> {
  if (await isThere(api, name, signal)) return;
  const object = { apiVersion: "v1", kind: NAMESPACES.kind, metadata: { name, labels: { [MANAGED_BY_LABEL]: MANAGED_BY } } };
  try {
    await createObject(api, NAMESPACES, object, { fieldManager: FIELD_MANAGER, signal });
  } catch (cause) {
    if (!(cause instanceof DomainError)) throw cause;
    if (cause.code === "kube_exists") return;
    if (cause.kind !== "forbidden") throw cause;
    const rule = cause.hint === undefined ? "" : `${cause.hint}, or `;
    throw new DomainError("forbidden", "holdfast_namespace", `Cannot work in namespace "${name}": it is missing, and may not be made`, {
      cause,
      hint: `${rule}make it with "kubectl create namespace ${name}", or name another with --holdfast-namespace`,
    });
  }
}

async function isThere(api: KubeApi, name: string, signal: AbortSignal): Promise<boolean> {
  try {
    const namespace = await getObject(api, NAMESPACES, { name }, { signal });
    if (textIn(objectIn(namespace, "status"), "phase") === "Terminating") {
      throw new DomainError("conflict", "holdfast_namespace", `Cannot work in namespace "${name}": it is being deleted`, {
        hint: "Wait until it is gone, or name another with --holdfast-namespace",
      });
    }
    return true;
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    // Who may not look may still work in it: what is made next tells.
    if (error.code === "kube_forbidden") return true;
    if (error.code === "kube_not_found") return false;
    throw error;
  }
}
