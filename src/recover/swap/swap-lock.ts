/** One swap at a time in a namespace: two would stop and start the same pods. It goes with the run that holds it. */
import { createHash } from "node:crypto";
import { DomainError } from "../../base/errors.ts";
import { listIn, objectIn, textIn } from "../../kube/json.ts";
import { createObject, deleteObject, getObject } from "../../kube/objects.ts";
import { FIELD_MANAGER } from "../../run/marks.ts";
import type { Run } from "../../run/run.ts";
import { onlyIfThere } from "../plan/live-objects.ts";
import { uidOf } from "../volumes/storage-objects.ts";

const LEASES = { group: "coordination.k8s.io", version: "v1", plural: "leases" } as const;
const ATTEMPTS = 3;

/** @throws {DomainError} conflict/swap_in_progress */
export async function lockNamespaces(run: Run, namespaces: Iterable<string>): Promise<AsyncDisposable> {
  const { api, namespace } = run;
  await using held = new AsyncDisposableStack();
  for (const locked of new Set(namespaces)) {
    const name = `swap-${createHash("sha256").update(locked).digest("hex").slice(0, 16)}`;
    await take(run, name, locked);
    held.defer(async () => {
      const signal = new AbortController().signal;
      await deleteObject(api, LEASES, { namespace, name }, { propagation: "Background", signal }).catch(onlyIfThere);
    });
  }
  return held.move();
}

async function take(run: Run, name: string, locked: string): Promise<void> {
  const { api, namespace, signal } = run;
  // The mark of a run on a Lease means that it is the run's own: this one has none.
  const { labels: _labels, ...metadata } = run.metadata(name, { namespace });
  const lease = {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { ...metadata, annotations: { "holdfast.dev/locks": locked } },
    spec: { holderIdentity: run.id },
  };
  for (let attempt = 1; ; attempt++) {
    try {
      await createObject(api, LEASES, lease, { namespace, fieldManager: FIELD_MANAGER, signal });
      return;
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== "kube_exists") throw error;
      if (attempt < ATTEMPTS && (await removedIfAbandoned(run, name))) continue;
      throw new DomainError("conflict", "swap_in_progress", `Cannot exchange volumes in namespace "${locked}": another run does so`, {
        hint: 'Wait until it has ended: see "holdfast run list"',
      });
    }
  }
}

/** The Lease of the run that held it is gone, and the garbage collector has not come by yet. */
async function removedIfAbandoned({ api, namespace, signal }: Run, name: string): Promise<boolean> {
  const found = await getObject(api, LEASES, { namespace, name }, { signal }).catch(onlyIfThere);
  if (found === undefined) return true;
  const [owner] = listIn(objectIn(found, "metadata"), "ownerReferences");
  const holder = await getObject(api, LEASES, { namespace, name: textIn(owner, "name") ?? "none" }, { signal }).catch(onlyIfThere);
  if (holder !== undefined && uidOf(holder) === textIn(owner, "uid")) return false;
  const preconditions = { uid: uidOf(found) };
  await deleteObject(api, LEASES, { namespace, name }, { preconditions, propagation: "Background", signal }).catch(onlyIfThere);
  return true;
}
