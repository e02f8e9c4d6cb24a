/** A container that has a claim mounted and could write to it. */
import { type JsonObject, listIn, objectIn, textIn } from "../../kube/json.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import { listPages } from "../../kube/list.ts";

const PODS = { group: "", version: "v1", plural: "pods", kind: "Pod" };

export interface ClaimUser {
  readonly pod: string;
  readonly container: string;
  /** Where the root of the volume is in the container. */
  readonly mountPath: string;
}

/** undefined: no container runs that has all of it, and may write. */
export async function findClaimUser(api: KubeApi, namespace: string, claim: string, signal: AbortSignal): Promise<ClaimUser | undefined> {
  for await (const { items } of listPages(api, PODS, { namespace, signal })) {
    for (const pod of items) {
      const user = userIn(pod, claim);
      if (user !== undefined) return user;
    }
  }
  return undefined;
}

export function userIn(pod: JsonObject, claim: string): ClaimUser | undefined {
  const [metadata, spec, status] = [objectIn(pod, "metadata"), objectIn(pod, "spec"), objectIn(pod, "status")];
  if (metadata["deletionTimestamp"] !== undefined) return undefined;
  const volumes = new Set(
    listIn(spec, "volumes").flatMap((volume) => {
      const source = objectIn(volume, "persistentVolumeClaim");
      return textIn(source, "claimName") === claim && source["readOnly"] !== true ? (textIn(volume, "name") ?? []) : [];
    }),
  );
  const running = new Set(
    listIn(status, "containerStatuses").flatMap((one) => ("running" in objectIn(one, "state") ? (textIn(one, "name") ?? []) : [])),
  );
  for (const container of listIn(spec, "containers")) {
    const name = textIn(container, "name") ?? "";
    const mount = listIn(container, "volumeMounts").find(
      (one) => volumes.has(textIn(one, "name") ?? "") && isWholeAndWritable(one as JsonObject),
    );
    const mountPath = textIn(mount, "mountPath");
    if (mountPath !== undefined && running.has(name)) return { pod: textIn(metadata, "name") ?? "", container: name, mountPath };
  }
  return undefined;
}

function isWholeAndWritable(mount: JsonObject): boolean {
  return mount["readOnly"] !== true && (textIn(mount, "subPath") ?? "") === "" && (textIn(mount, "subPathExpr") ?? "") === "";
}
