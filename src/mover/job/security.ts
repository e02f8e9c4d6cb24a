/**
 * What a mover may do on its node: everything that it takes to carry files of anybody, and nothing else. It is root, since files belong to
 * anybody, with few of root's powers: those that the Pod Security level `baseline` lets pods have. This is the only place that says so.
 */
import type { JsonObject } from "../../kube/json.ts";

/** Each with its reason. */
const CAPABILITIES: Readonly<Record<string, string>> = {
  CHOWN: "gives restored files to their owners",
  DAC_OVERRIDE: "reads and writes what only its owner may",
  FOWNER: "sets modes, times and attributes of files that belong to others, and reads without changing the time of access",
  FSETID: "keeps set-user-ID and set-group-ID bits when it writes",
  MKNOD: "makes device files again",
  SETFCAP: "gives programs their capabilities again",
};

/** No fsGroup: the kubelet would give all files of the volume to a group, and change what is to be kept. */
export const POD_SECURITY: JsonObject = { seccompProfile: { type: "RuntimeDefault" } };

export const CONTAINER_SECURITY: JsonObject = {
  runAsUser: 0,
  runAsGroup: 0,
  runAsNonRoot: false,
  privileged: false,
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ["ALL"], add: Object.keys(CAPABILITIES) },
};
