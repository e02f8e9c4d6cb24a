/** Programs of Node's on a volume, as a pod runs them: what test/support/file-tree.ts makes and tells of folders, in a cluster. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestCluster } from "./test-cluster.ts";

export interface NodeWorld {
  readonly cluster: TestCluster;
  /** That of Holdfast: it has Node, and the sources that a tree needs. */
  readonly image: string;
}

export const TREE_PROGRAM = "/opt/holdfast/test/support/file-tree.ts";

/** Prints what there is to compare, root folder and all. */
export const DESCRIBE: string = `
  import { lstatSync } from "node:fs";
  import { describeTree } from "${TREE_PROGRAM}";
  const { uid, gid, mode, mtimeNs } = lstatSync("/data", { bigint: true });
  const { listXattrs, getXattr } = (await import("/opt/holdfast/src/native/files.ts")).fileCalls();
  const xattrs = listXattrs("/data").map((name) => name + "=" + Buffer.from(getXattr("/data", name)).toString("hex")).toSorted();
  const shown = { root: [uid, gid, mode, mtimeNs, xattrs], ...describeTree("/data") };
  console.log(JSON.stringify(shown, (_, value) => (typeof value === "bigint" ? String(value) : value), 1));`;

/** Everything that files can have, and a root folder of somebody's own. */
export const MAKE: string = `
  import { chmodSync, chownSync, mkdirSync, writeFileSync } from "node:fs";
  import { makeEverything } from "${TREE_PROGRAM}";
  const { setTimes, setXattr } = (await import("/opt/holdfast/src/native/files.ts")).fileCalls();
  makeEverything("/data");
  mkdirSync("/data/" + "l".repeat(255));
  writeFileSync("/data/" + "l".repeat(255) + "/" + "m".repeat(255), "long names");
  chownSync("/data", 999, 998);
  chmodSync("/data", 0o2700);
  setXattr("/data", "user.root", Buffer.from("of the root"));
  setTimes("/data", 1_234_567_890_987_654_321n, 1_234_567_890_987_654_321n);`;

/** How much of the storage the files take that have holes. */
export const ALLOCATED: string = `
  import { statSync } from "node:fs";
  console.log(["sparse", "zeros"].map((name) => statSync("/data/" + name).blocks * 512).join(" "));`;

/** Runs a program of Node's in a pod to its end, and gives its output. The files of the product are in its image. */
export async function program(
  { cluster, image }: NodeWorld,
  name: string,
  script: string,
  volume: { readonly claim: string; readonly block?: boolean },
): Promise<string> {
  const command = ["/usr/local/bin/node", "--input-type=module", "--eval", script];
  const mounts = volume.block === true ? [] : [{ name: "volume", mountPath: "/data" }];
  const container = {
    name: "main",
    image,
    imagePullPolicy: "Never",
    command,
    securityContext: { runAsUser: 0 },
    volumeMounts: [...mounts, { name: "files", mountPath: TREE_PROGRAM, subPath: "file-tree.ts" }],
    volumeDevices: volume.block === true ? [{ name: "volume", devicePath: "/dev/data" }] : [],
  };
  const volumes = [
    { name: "volume", persistentVolumeClaim: { claimName: volume.claim } },
    { name: "files", configMap: { name: "files" } },
  ];
  const source = await readFile(join(import.meta.dirname, "file-tree.ts"), "utf8");
  await cluster.apply(
    { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "files" }, data: { "file-tree.ts": source } },
    { apiVersion: "v1", kind: "Pod", metadata: { name }, spec: { restartPolicy: "Never", containers: [container], volumes } },
  );
  await cluster.waitFor(`pod/${name}`, "jsonpath={.status.phase}=Succeeded");
  return cluster.kubectl("logs", name);
}
