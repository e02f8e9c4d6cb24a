/** Begins a run: cleans up behind those that died, and takes a Lease that owns all that this one makes. */
import { createHash } from "node:crypto";
import { hostname } from "node:os";
import { asDomainError } from "../base/errors.ts";
import { UlidSource } from "../base/ids.ts";
import type { JsonObject } from "../kube/json.ts";
import type { KubeApi } from "../kube/kube-api.ts";
import { ownIdentity } from "../repository/lock-process.ts";
import { collectLeftovers } from "./gc.ts";
import { LEASES } from "./kinds.ts";
import { RunLease, serverOffset } from "./lease.ts";
import { GROUP, MANAGED_BY, MANAGED_BY_LABEL, PROCESS_ANNOTATION, RUN_LABEL } from "./marks.ts";
import { ensureNamespace } from "./namespace.ts";
import type { Run, RunOptions } from "./run.ts";

/** Those of a ULID that are drawn: runs of one minute begin alike. */
const ID_CHARACTERS = 8;
const HASH_DIGITS = 10;
/** Names of pods and Jobs have 63 characters at most. */
const MAX_PURPOSE = 63 - ID_CHARACTERS - HASH_DIGITS - 2;

/**
 * @throws {DomainError} forbidden/holdfast_namespace, conflict/holdfast_namespace
 * @throws {DomainError} forbidden/kube_forbidden: with the rule that a role lacks
 */
export async function openRun(api: KubeApi, options: RunOptions): Promise<Run> {
  const { kind, namespace, unit, clock, report, signal } = options;
  await ensureNamespace(api, namespace, signal);
  const offsetMs = await serverOffset(api, namespace, clock, signal);
  await collectLeftovers(api, { namespace, clock, report, signal, dryRun: false, offsetMs });
  const id = new UlidSource(clock).next();
  const labels = { [RUN_LABEL]: id.toLowerCase(), [MANAGED_BY_LABEL]: MANAGED_BY };
  const { process } = await ownIdentity();
  const annotations = {
    [`${GROUP}/kind`]: kind,
    [`${GROUP}/unit`]: unit,
    [`${GROUP}/host`]: hostname(),
    ...(process === undefined ? {} : { [PROCESS_ANNOTATION]: process }),
  };
  const lease = await RunLease.take(api, offsetMs, { namespace, id, metadata: { labels, annotations }, clock, signal });
  const owner = { apiVersion: "coordination.k8s.io/v1", kind: LEASES.kind, name: lease.name, uid: lease.uid };
  return {
    id,
    api,
    namespace,
    signal: AbortSignal.any([signal, lease.lost]),
    nameOf: (purpose, of) => {
      const hash = createHash("sha256").update(of).digest("hex").slice(0, HASH_DIGITS);
      return `${purpose.slice(0, MAX_PURPOSE)}-${id.slice(-ID_CHARACTERS).toLowerCase()}-${hash}`;
    },
    metadata: (name, place): JsonObject => ({
      name,
      ...(place.namespace === undefined ? {} : { namespace: place.namespace }),
      labels,
      // An owner has to be in the same namespace.
      ...(place.namespace === namespace ? { ownerReferences: [owner] } : {}),
    }),
    [Symbol.asyncDispose]: async () => {
      try {
        await lease[Symbol.asyncDispose]();
      } catch (error) {
        const message = `Cannot remove Lease "${lease.name}": ${asDomainError(error).message}; the next run does, or "holdfast gc"`;
        report({ grade: "info", code: "run_left_over", object: lease.name, message });
      }
    },
  };
}
