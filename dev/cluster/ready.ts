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

/**
 * Waits until nothing is missing, and gives up as soon as a daemon has ended, with the last lines of its log.
 *
 * @param missing What is not there yet, in words.
 * @throws {DomainError} unavailable/cluster_timeout, unavailable/daemon_ended
 */
export async function waitFor(missing: () => Promise<readonly string[]>, machine: Machine, signal?: AbortSignal): Promise<void> {
  const started = performance.now();
  for (let left = await missing(); left.length > 0; left = await missing()) {
    const ended = (await machine.daemons()).find((daemon) => !daemon.running);
    if (ended !== undefined) throw await daemonEnded(machine, ended.name, ended.ended ?? "");
    if (performance.now() - started > TIMEOUT_MS) {
      const message = `Cannot start the cluster: still missing after ${TIMEOUT_MS / 1000} s: ${left.join(", ")}`;
      throw new DomainError("unavailable", "cluster_timeout", message, { details: { missing: left } });
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

export async function missingApi(spec: ClusterSpec): Promise<string[]> {
  return (await get(spec, "/readyz")) === undefined ? ["the API server"] : [];
}

/** What a cluster still lacks before it can take work; nothing when it is ready. */
export async function missingParts(spec: ClusterSpec): Promise<string[]> {
  const api = await missingApi(spec);
  if (api.length > 0) return api;
  // A namespace has the account that its pods need once the controllers work.
  const controllersWork = (await get(spec, "/api/v1/namespaces/default/serviceaccounts/default")) !== undefined;
  const missing = controllersWork ? [] : ["the controllers"];
  return spec.controlPlaneOnly ? missing : [...missing, ...(await missingOfNodes(spec))];
}

async function missingOfNodes(spec: ClusterSpec): Promise<string[]> {
  const [nodes, storage, dns] = await Promise.all([
    list(spec, "/api/v1/nodes"),
    list(spec, "/apis/storage.k8s.io/v1/csinodes"),
    fetch(`http://${nodesOf(spec)[0].address}:8181/ready`).then(
      (answer) => answer.ok,
      () => false,
    ),
  ]);
  const missing = dns ? [] : ["CoreDNS"];
  for (const { name } of nodesOf(spec)) {
    const conditions = nodes.find(({ metadata }) => metadata.name === name)?.status?.conditions ?? [];
    if (!conditions.some(({ type, status }) => type === "Ready" && status === "True")) missing.push(name);
    const registered = storage.find(({ metadata }) => metadata.name === name)?.spec?.drivers ?? [];
    const absent = DRIVERS.filter((driver) => !registered.some((known) => known.name === driver.name));
    missing.push(...absent.map((driver) => `${driver.name} on ${name}`));
  }
  return missing;
}
