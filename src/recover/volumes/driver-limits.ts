/**
 * What well-known drivers cannot do, so that it is said before anything is changed. A class says nothing of it; of all other drivers the
 * storage itself says it when the volume is made. Source: the documentation of each.
 */
export interface WantedOf {
  readonly mode: "Block" | "Filesystem";
  readonly accessModes: readonly string[];
}

/** Shared file systems: there is no device. Some have the name of their cluster before it. */
const FILES_ONLY: readonly RegExp[] = [
  /^nfs\.csi\.k8s\.io$/,
  /^smb\.csi\.k8s\.io$/,
  /^efs\.csi\.aws\.com$/,
  /^file\.csi\.azure\.com$/,
  /^filestore\.csi\.storage\.gke\.io$/,
  /(?:^|\.)cephfs\.csi\.ceph\.com$/,
  /^fsx\.csi\.aws\.com$/,
];

/** Disks: one file system on one of them cannot be written by several nodes. */
const DISKS: readonly RegExp[] = [
  /^ebs\.csi\.aws\.com$/,
  /^disk\.csi\.azure\.com$/,
  /^pd\.csi\.storage\.gke\.io$/,
  /^cinder\.csi\.openstack\.org$/,
  /(?:^|\.)rbd\.csi\.ceph\.com$/,
  /^csi\.hetzner\.cloud$/,
  /^dobs\.csi\.digitalocean\.com$/,
];

/** undefined: nothing is known against it. */
export function limitOf(provisioner: string, { mode, accessModes }: WantedOf): "access-mode" | "mode" | undefined {
  if (mode === "Block" && FILES_ONLY.some((driver) => driver.test(provisioner))) return "mode";
  const isShared = mode === "Filesystem" && accessModes.includes("ReadWriteMany");
  return isShared && DISKS.some((driver) => driver.test(provisioner)) ? "access-mode" : undefined;
}
