/** The objects of one mover, all in Holdfast's namespace: a Secret with all that it is told, and a Job with one pod that mounts it. */
import { isAbsolute } from "node:path";
import type { JsonObject } from "../../kube/json.ts";
import type { MoverLocation, MoverPlacement, MoverTask } from "../movers.ts";
import { type MoverFile, type MoverWork, SECRET_FOLDER, VOLUME_DEVICE, VOLUME_FOLDER, WORK_FORMAT } from "../work.ts";
import { CONTAINER_SECURITY, POD_SECURITY } from "./security.ts";

export interface MoverObjects {
  readonly metadata: JsonObject;
  readonly image: string;
  readonly location: MoverLocation;
  readonly task: MoverTask;
  /** Of the same task. */
  readonly lostPods: readonly string[];
}

export const CONTAINER = "mover";
export const SERVICE_ACCOUNT = "holdfast-mover";
/** Of the image; a shell it has none. */
const COMMAND = ["/usr/local/bin/node", "--max-semi-space-size=4", "/opt/holdfast/src/mover/pod/main.ts"];
/** Where a repository in a folder is, in the pod. */
const REPOSITORY_FOLDER = "/repository";
const TEMPORARY_FOLDER = "/tmp";
const OWNER_READS = 0o400;
/** What a backup takes at its peak, and a part of a processor: more if there is more. */
const REQUESTS = { cpu: "100m", memory: "300Mi" };
/** Should whoever started it be killed, it goes anyhow. */
const TTL_SECONDS = 600;
const GRACE_SECONDS = 30;
/** A node that does not answer is given up sooner than the usual 5 min. */
const NODE_LOST_SECONDS = 60;

export function secretObject({ metadata, location, task, lostPods }: MoverObjects): JsonObject {
  const { credentials, password } = location;
  const stringData = {
    "work.json": JSON.stringify(moverFile(location, task.work, lostPods)),
    password,
    ...(credentials === undefined ? {} : { credentials }),
  };
  return { apiVersion: "v1", kind: "Secret", metadata, type: "Opaque", immutable: true, stringData };
}

function moverFile({ url, folder, repositoryId }: MoverLocation, work: MoverWork, lostPods: readonly string[]): MoverFile {
  return { format: WORK_FORMAT, repository: folder === undefined ? url : REPOSITORY_FOLDER, repositoryId, lostPods, work };
}

/** It is never begun anew by Kubernetes: who started it does so, and knows whether what it had begun can be gone on from. */
export function jobObject(objects: MoverObjects): JsonObject {
  const { metadata } = objects;
  const labels = metadata["labels"] ?? {};
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata,
    spec: {
      backoffLimit: 0,
      completions: 1,
      parallelism: 1,
      podReplacementPolicy: "Failed",
      ttlSecondsAfterFinished: TTL_SECONDS,
      template: { metadata: { labels }, spec: podSpec(objects) },
    },
  };
}

function podSpec({ metadata, image, location, task: { work, mount, placement } }: MoverObjects): JsonObject {
  const isBlock = work.kind !== "probe" && work.mode === "Block";
  const isReadOnly = mount?.kind === "node-folder" || mount?.readOnly === true;
  return {
    ...placementFields(placement),
    serviceAccountName: SERVICE_ACCOUNT,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    restartPolicy: "Never",
    terminationGracePeriodSeconds: GRACE_SECONDS,
    securityContext: POD_SECURITY,
    containers: [
      {
        name: CONTAINER,
        image,
        imagePullPolicy: "IfNotPresent",
        command: COMMAND,
        env: [{ name: "HOME", value: TEMPORARY_FOLDER }],
        securityContext: CONTAINER_SECURITY,
        resources: { requests: REQUESTS },
        terminationMessagePolicy: "File",
        volumeMounts: [
          { name: "told", mountPath: SECRET_FOLDER, readOnly: true },
          { name: "tmp", mountPath: TEMPORARY_FOLDER },
          ...(location.folder === undefined ? [] : [{ name: "repository", mountPath: REPOSITORY_FOLDER }]),
          ...(mount === undefined || isBlock ? [] : [{ name: "volume", mountPath: VOLUME_FOLDER, readOnly: isReadOnly }]),
        ],
        volumeDevices: mount !== undefined && isBlock ? [{ name: "volume", devicePath: VOLUME_DEVICE }] : [],
      },
    ],
    volumes: [
      { name: "told", secret: { secretName: metadata["name"] ?? "", defaultMode: OWNER_READS } },
      { name: "tmp", emptyDir: {} },
      ...(location.folder === undefined ? [] : [{ name: "repository", hostPath: folderOnNode(location.folder) }]),
      ...(mount === undefined ? [] : [{ name: "volume", ...sourceOf(mount) }]),
    ],
  };
}

/** The volume itself is mounted for writing: a file system that was cut while in use has to be made whole by whoever mounts it. */
function sourceOf(mount: NonNullable<MoverTask["mount"]>): JsonObject {
  return mount.kind === "claim" ? { persistentVolumeClaim: { claimName: mount.claim } } : { hostPath: folderOnNode(mount.path) };
}

/** Never made: an empty folder in place of what is missing would look like a repository that was lost. */
function folderOnNode(path: string): JsonObject {
  if (!isAbsolute(path)) throw new RangeError(`Cannot mount "${path}": not an absolute path`);
  return { path, type: "Directory" };
}

function placementFields({ nodeName, nodeSelector, affinity, tolerations = [] }: MoverPlacement = {}): JsonObject {
  const lost = ["not-ready", "unreachable"].map((state) => ({
    key: `node.kubernetes.io/${state}`,
    operator: "Exists",
    effect: "NoExecute",
    tolerationSeconds: NODE_LOST_SECONDS,
  }));
  return {
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(nodeSelector === undefined ? {} : { nodeSelector }),
    ...(affinity === undefined ? {} : { affinity }),
    tolerations: [...tolerations, ...lost],
  };
}
