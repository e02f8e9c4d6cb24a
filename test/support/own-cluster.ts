import { randomBytes } from "node:crypto";
import { access, readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { hasCgroups } from "../../dev/cluster/cgroups.ts";
import { removeCluster } from "../../dev/cluster/down.ts";
import { Machine } from "../../dev/cluster/machine.ts";
import { loopDevices } from "../../dev/cluster/pools.ts";
import { stateDir } from "../../dev/cluster/spec.ts";
import { run } from "../../dev/host/run.ts";
import { succeeded } from "./location.ts";
import { type CommandResult, runProgram } from "./program.ts";
import { TestCluster } from "./test-cluster.ts";

const PROGRAMS = join(import.meta.dirname, "../../dev/cluster");

/** Runs one of the programs in dev/cluster as a person would. */
export async function devCluster(
  program: "up" | "down" | "status" | "load",
  args: readonly string[],
  signal?: AbortSignal,
): Promise<CommandResult> {
  const owner = program === "up" ? ["--owner", String(process.pid)] : [];
  return runProgram(join(PROGRAMS, program), [...args, ...owner], { signal });
}

/** A name for a cluster of one test only, which is removed after it in whatever state it is. */
export function ownClusterName(test: TestContext): string {
  const name = `own-${randomBytes(3).toString("hex")}`;
  test.after(() => removeCluster(name));
  return name;
}

/** One API server without nodes, for one test only. */
export async function controlPlane(
  t: TestContext,
  ...args: readonly string[]
): Promise<{ readonly name: string; readonly cluster: TestCluster }> {
  const name = ownClusterName(t);
  succeeded(await devCluster("up", ["--name", name, "--control-plane-only", ...args], t.signal));
  return { name, cluster: await TestCluster.open(name, t.signal) };
}

/** As `kill -9` does. `up` starts it again. */
export async function killDaemon(name: string, daemon: string): Promise<void> {
  await signalDaemon(name, daemon, "SIGKILL");
}

export async function signalDaemon(name: string, daemon: string, signal: NodeJS.Signals): Promise<void> {
  const machine = await Machine.find(stateDir(name));
  const found = (await machine?.daemons())?.find((one) => one.name === daemon && one.running);
  const pid = found === undefined ? undefined : await machine?.hostPid(found.pid);
  if (pid === undefined) throw new Error(`${daemon} does not run in cluster ${name}`);
  process.kill(pid, signal);
}

/** Host process ids of everything that runs in a cluster, its containers included. */
export async function processesIn(name: string): Promise<number[]> {
  const machine = await Machine.find(stateDir(name));
  const namespace = await readlink(`/proc/${machine?.pid}/ns/pid`);
  const pids: number[] = [];
  for (const entry of await readdir("/proc")) {
    if (/^\d+$/.test(entry) && (await isInside(Number(entry), namespace))) pids.push(Number(entry));
  }
  return pids;
}

/** A container has a namespace of its own below the cluster's: so have its parents looked at too. */
async function isInside(pid: number, namespace: string): Promise<boolean> {
  if (pid === 0) return false;
  if ((await readlink(`/proc/${pid}/ns/pid`).catch(() => "")) === namespace) return true;
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  return isInside(Number(/^PPid:\s+(\d+)$/m.exec(status)?.[1] ?? 0), namespace);
}

/** Everything on this machine that can be told to belong to a cluster; nothing after `down`. */
export async function leftovers(name: string): Promise<string[]> {
  const dir = stateDir(name);
  const processes: string[] = [];
  for (const pid of await readdir("/proc")) {
    const command = /^\d+$/.test(pid) ? await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "") : "";
    if (command.includes(`${dir}/`) || command.includes(`${dir}\0`)) processes.push(`process ${pid}: ${command.replaceAll("\0", " ")}`);
  }
  const lines = async (what: string, text: Promise<string>, part: string): Promise<string[]> =>
    (await text)
      .split("\n")
      .filter((line) => line.includes(part))
      .map((line) => `${what}: ${line}`);
  const output = async (command: string, ...args: string[]): Promise<string> => (await run(command, args)).stdout;
  return [
    ...processes,
    ...(await lines("mount", readFile("/proc/self/mountinfo", "utf8"), dir)),
    ...(await lines("link", output("ip", "-o", "link"), `hf-${name}`)),
    // Services live in the machines' own firewalls: the host's must never see a table of theirs.
    ...(await lines("nftables", output("nft", "list", "tables"), "kube-proxy")),
    ...(await loopDevices(name)).map((device) => `loop device: ${device}`),
    ...((await hasCgroups(name)) ? ["cgroups"] : []),
    ...(await access(dir).then(
      () => [`folder ${dir}`],
      () => [],
    )),
  ];
}
