import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { DomainError } from "../../src/base/errors.ts";
import { get, list } from "./api.ts";
import type { Machine } from "./machine.ts";
import { type ClusterSpec, nodesOf } from "./spec.ts";
import { DRIVERS } from "./storage.ts";

const TIMEOUT_MS = 120_000;
const POLL_MS = 100;
const LOG_TAIL_LINES = 8;

/** Waits for a condition, and gives up as soon as a daemon has ended, with the last lines of its log. */
export async function waitUntil(what: string, machine: Machine, condition: () => Promise<boolean>, signal?: AbortSignal): Promise<void> {
  const started = performance.now();
  while (!(await condition())) {
    const ended = (await machine.daemons()).find((daemon) => !daemon.running);
    if (ended !== undefined) throw await daemonEnded(machine, ended.name, ended.ended ?? "");
    if (performance.now() - started > TIMEOUT_MS) {
      throw new DomainError("unavailable", "cluster_timeout", `Cannot start the cluster: ${what} not ready after ${TIMEOUT_MS / 1000} s`, {
        hint: `Read the logs next to "${machine.logPath("kubelet-node-1")}"`,
      });
    }
    await sleep(POLL_MS, undefined, { signal });
  }
}

async function daemonEnded(machine: Machine, name: string, how: string): Promise<DomainError> {
  const path = machine.logPath(name);
  const tail = (await readFile(path, "utf8").catch(() => "")).trimEnd().split("\n").slice(-LOG_TAIL_LINES).join("\n");
  return new DomainError("unavailable", "daemon_ended", `Cannot start the cluster: ${name} ended with ${how}\n${tail}`, {
    details: { log: path },
  });
}

export async function isApiReady(spec: ClusterSpec): Promise<boolean> {
  return (await get(spec, "/readyz")) !== undefined;
}

/** The controllers work: a namespace has the account that its pods need. */
async function isServed(spec: ClusterSpec): Promise<boolean> {
  return (await get(spec, "/api/v1/namespaces/default/serviceaccounts/default")) !== undefined;
}

/** Every node is Ready and knows both storage drivers, and names resolve. */
async function areNodesReady(spec: ClusterSpec): Promise<boolean> {
  const [nodes, storage, dns] = await Promise.all([
    list(spec, "/api/v1/nodes"),
    list(spec, "/apis/storage.k8s.io/v1/csinodes"),
    fetch(`http://${nodesOf(spec)[0].address}:8181/ready`).then(
      (answer) => answer.ok,
      () => false,
    ),
  ]);
  const readyNodes = nodes.filter(
    (node) => node.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true,
  );
  const hasDrivers = storage.filter((node) =>
    DRIVERS.every(({ name }) => node.spec?.drivers?.some((driver) => driver.name === name) === true),
  );
  return dns && readyNodes.length === spec.nodes && hasDrivers.length === spec.nodes;
}

/** Whether a cluster can take work right now. */
export async function isReady(spec: ClusterSpec): Promise<boolean> {
  return (await isApiReady(spec)) && (await isServed(spec)) && (spec.controlPlaneOnly || (await areNodesReady(spec)));
}
