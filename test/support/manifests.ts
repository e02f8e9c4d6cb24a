/** Objects that many tests need, with the few fields that differ between them. */

export interface PodOptions {
  readonly image: string;
  readonly command?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Mount path to claim name. */
  readonly mounts?: Readonly<Record<string, string>>;
  /** Device path to claim name, for block volumes. */
  readonly devices?: Readonly<Record<string, string>>;
  readonly node?: string;
  /** Command whose success says that the pod is ready. */
  readonly readyWhen?: readonly string[];
}

export function pod(name: string, options: PodOptions): object {
  return { apiVersion: "v1", kind: "Pod", metadata: { name, labels: options.labels ?? {} }, spec: podSpec(options) };
}

/** A shell that waits to be told what to do. */
export const IDLE: readonly string[] = ["sleep", "1000000"];

export function podSpec(options: PodOptions): object {
  const { mounts = {}, devices = {}, env = {} } = options;
  const claims = [...Object.values(mounts), ...Object.values(devices)];
  const container = {
    name: "main",
    image: options.image,
    imagePullPolicy: "Never",
    ...(options.command === undefined ? {} : { command: options.command }),
    env: Object.entries(env).map(([name, value]) => ({ name, value })),
    volumeMounts: Object.entries(mounts).map(([mountPath, name]) => ({ name, mountPath })),
    volumeDevices: Object.entries(devices).map(([devicePath, name]) => ({ name, devicePath })),
    ...(options.readyWhen === undefined ? {} : { readinessProbe: { exec: { command: options.readyWhen }, periodSeconds: 1 } }),
  };
  return {
    terminationGracePeriodSeconds: 1,
    ...(options.node === undefined ? {} : { nodeSelector: { "kubernetes.io/hostname": options.node } }),
    containers: [container],
    volumes: claims.map((claimName) => ({ name: claimName, persistentVolumeClaim: { claimName } })),
  };
}

export interface ClaimOptions {
  readonly class?: string;
  readonly size?: string;
  readonly block?: boolean;
  readonly labels?: Readonly<Record<string, string>>;
  /** Snapshot to start from. */
  readonly snapshot?: string;
  /** Claim to start from. */
  readonly clone?: string;
}

export function claim(name: string, options: ClaimOptions = {}): object {
  return { apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { name, labels: options.labels ?? {} }, spec: claimSpec(options) };
}

export function claimSpec(options: ClaimOptions): object {
  return {
    accessModes: ["ReadWriteOnce"],
    volumeMode: options.block === true ? "Block" : "Filesystem",
    resources: { requests: { storage: options.size ?? "256Mi" } },
    ...(options.class === undefined ? {} : { storageClassName: options.class }),
    ...(options.snapshot === undefined
      ? {}
      : { dataSource: { apiGroup: "snapshot.storage.k8s.io", kind: "VolumeSnapshot", name: options.snapshot } }),
    ...(options.clone === undefined ? {} : { dataSource: { kind: "PersistentVolumeClaim", name: options.clone } }),
  };
}

export function snapshot(name: string, ofClaim: string, snapshotClass?: string): object {
  const spec = {
    source: { persistentVolumeClaimName: ofClaim },
    ...(snapshotClass === undefined ? {} : { volumeSnapshotClassName: snapshotClass }),
  };
  return { apiVersion: "snapshot.storage.k8s.io/v1", kind: "VolumeSnapshot", metadata: { name }, spec };
}

export function groupSnapshot(name: string, matchLabels: Readonly<Record<string, string>>): object {
  const spec = { source: { selector: { matchLabels } }, volumeGroupSnapshotClassName: "btrfs" };
  return { apiVersion: "groupsnapshot.storage.k8s.io/v1", kind: "VolumeGroupSnapshot", metadata: { name }, spec };
}
