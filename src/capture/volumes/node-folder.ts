/** Where the kubelet has mounted a volume for a pod. Source: Kubernetes, pkg/volume, `GetPodVolumeDir`. */
import type { VolumeFacts } from "./claim-facts.ts";

const KUBELET = "/var/lib/kubelet";

/** By kind of the volume's source, the folder of its plug-in and what lies below that of the volume. */
const PLUGINS: Readonly<Record<string, readonly [plugin: string, below: string]>> = {
  csi: ["kubernetes.io~csi", "/mount"],
  nfs: ["kubernetes.io~nfs", ""],
  local: ["kubernetes.io~local-volume", ""],
  iscsi: ["kubernetes.io~iscsi", ""],
  fc: ["kubernetes.io~fc", ""],
};

/** undefined: volumes of that kind have none. */
export function folderOnNode({ source, name }: Pick<VolumeFacts, "name" | "source">, podUid: string): string | undefined {
  const plugin = PLUGINS[source];
  return plugin === undefined ? undefined : `${KUBELET}/pods/${podUid}/volumes/${plugin[0]}/${name}${plugin[1]}`;
}
