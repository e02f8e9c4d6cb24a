/** Movers talk to no API server: their account has no rights, and no token is given to them. A cloud's identity may be tied to it. */
import { DomainError } from "../../base/errors.ts";
import { createObject, getObject } from "../../kube/objects.ts";
import { FIELD_MANAGER, MANAGED_BY, MANAGED_BY_LABEL } from "../../run/marks.ts";
import type { Run } from "../../run/run.ts";
import { SERVICE_ACCOUNT } from "./manifests.ts";

const SERVICE_ACCOUNTS = { group: "", version: "v1", plural: "serviceaccounts" } as const;

/** It stays: it is the same for all runs. */
export async function ensureServiceAccount({ api, namespace }: Run, signal: AbortSignal): Promise<void> {
  const metadata = { name: SERVICE_ACCOUNT, labels: { [MANAGED_BY_LABEL]: MANAGED_BY } };
  const account = { apiVersion: "v1", kind: "ServiceAccount", metadata, automountServiceAccountToken: false };
  try {
    await createObject(api, SERVICE_ACCOUNTS, account, { namespace, fieldManager: FIELD_MANAGER, signal });
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    if (error.code === "kube_exists") return;
    if (error.kind !== "forbidden") throw error;
    // Somebody else may have made it.
    await getObject(api, SERVICE_ACCOUNTS, { namespace, name: SERVICE_ACCOUNT }, { signal }).catch(() => {
      throw error;
    });
  }
}
