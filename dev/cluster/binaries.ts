import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { goBuild } from "../host/go-build.ts";
import type { Version } from "./spec.ts";

const HERE = import.meta.dirname;
const SNAPSHOTTER = "github.com/kubernetes-csi/external-snapshotter";

export interface Binaries {
  readonly machine: string;
  readonly etcd: string;
  readonly coredns: string;
  readonly csiDriver: string;
  /** Folder with the API server and the controller manager of the wanted version. */
  readonly controlPlane: string;
  /** Folder with everything of the newest version. */
  readonly current: string;
  /** Folder with the CRDs of volume snapshots and group snapshots. */
  readonly snapshotCrds: string;
}

/** Builds what the cache does not hold. The first time this takes about ten minutes of two cores. */
export async function buildBinaries(version: Version, signal?: AbortSignal): Promise<Binaries> {
  const machine = await goBuild({ name: "machine", moduleDir: join(HERE, "machine"), packages: { machine: "." }, signal });
  const current = await buildCurrent(signal);
  const coredns = await goBuild({ name: "coredns", moduleDir: join(HERE, "coredns"), packages: { coredns: "." }, signal });
  const csiDriver = await goBuild({ name: "csi-driver", moduleDir: join(HERE, "../csi"), packages: { "csi-driver": "." }, signal });
  const controlPlane = version === "1.36" ? current : await buildOlder(version, signal);
  return {
    machine: join(machine, "machine"),
    etcd: join(current, "etcd"),
    coredns: join(coredns, "coredns"),
    csiDriver: join(csiDriver, "csi-driver"),
    controlPlane: join(controlPlane, "kubernetes"),
    current,
    snapshotCrds: join(current, "snapshot-crds"),
  };
}

/** Every component of the newest version, with etcd and the storage sidecars; returns their folder. */
async function buildCurrent(signal?: AbortSignal): Promise<string> {
  return goBuild({
    name: "kubernetes-1.36",
    moduleDir: join(HERE, "kubernetes-1.36"),
    packages: {
      kubernetes: ".",
      etcd: "go.etcd.io/etcd/server/v3",
      "csi-provisioner": "github.com/kubernetes-csi/external-provisioner/v6/cmd/csi-provisioner",
      "csi-resizer": "github.com/kubernetes-csi/external-resizer/v2/cmd/csi-resizer",
      "csi-snapshotter": `${SNAPSHOTTER}/v8/cmd/csi-snapshotter`,
      "snapshot-controller": `${SNAPSHOTTER}/v8/cmd/snapshot-controller`,
    },
    moduleFiles: { "snapshot-crds": { module: `${SNAPSHOTTER}/client/v8`, path: "config/crd" } },
    ldflags: await versionFlags("1.36"),
    signal,
  });
}

async function buildOlder(version: Version, signal?: AbortSignal): Promise<string> {
  return goBuild({
    name: `kubernetes-${version}`,
    moduleDir: join(HERE, `kubernetes-${version}`),
    packages: { kubernetes: "." },
    ldflags: await versionFlags(version),
    signal,
  });
}

/** Lets the components report the release that go.mod requires; without it they say v0.0.0. */
async function versionFlags(version: Version): Promise<string> {
  const goMod = await readFile(join(HERE, `kubernetes-${version}`, "go.mod"), "utf8");
  const release = /k8s\.io\/kubernetes v(\S+)$/m.exec(goMod)?.[1] ?? "";
  const [major, minor] = release.split(".");
  const variables = { gitVersion: `v${release}`, gitMajor: major, gitMinor: minor };
  return Object.entries(variables)
    .map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`)
    .join(" ");
}
