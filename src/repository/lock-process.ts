/** Whether the process that wrote a lock still runs. */
import { readFile, readlink } from "node:fs/promises";
import { hostname, userInfo } from "node:os";
import type { LockFile } from "./format/lock-file.ts";

/** Who writes locks. */
export type LockIdentity = Omit<LockFile, "time" | "exclusive">;

/** @param host What stands for the machine. @default its host name, as restic writes it */
export async function ownIdentity(host: string = hostname()): Promise<LockIdentity> {
  const { pid, getuid = () => 0, getgid = () => 0 } = process;
  const mark = await processMark(pid);
  return { hostname: host, username: userName(), pid, uid: getuid(), gid: getgid(), ...(mark === undefined ? {} : { process: mark }) };
}

/**
 * Tells one process of one machine from all others, also from a later one with its number: boot, pid namespace, pid and start time.
 * Undefined where the system does not say; then only age tells that a lock is left over.
 */
export async function processMark(pid: number): Promise<string | undefined> {
  const place = await ownPlace();
  const startTicks = place === undefined ? undefined : await startTicksOf(pid);
  return startTicks === undefined ? undefined : `${place}/${pid}/${startTicks}`;
}

/** The rule for what happens by itself. True only if it is certain: the mark is of this boot and this pid namespace, and no such process is there any more. */
export async function isProcessGone({ process: mark, pid }: Pick<LockFile, "pid" | "process">): Promise<boolean> {
  if (mark === undefined) return false;
  const place = await ownPlace();
  if (place === undefined || !mark.startsWith(`${place}/${pid}/`)) return false;
  return (await processMark(pid)) !== mark;
}

/**
 * restic's rule: the same host name, and no process of that number. Containers that share a host name do not share the numbers, so
 * that is good enough for a person who asks to unlock, and not for anything that happens by itself.
 */
export function looksGone(holder: Pick<LockFile, "hostname" | "pid">, own: Pick<LockIdentity, "hostname">): boolean {
  if (holder.hostname !== own.hostname) return false;
  try {
    process.kill(holder.pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

/** Containers run as users that have no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return "";
  }
}

async function ownPlace(): Promise<string | undefined> {
  try {
    const boot = await readFile("/proc/sys/kernel/random/boot_id", "utf8");
    return `${boot.trim()}/${await readlink("/proc/self/ns/pid")}`;
  } catch {
    return undefined;
  }
}

/** Field 22 of proc_pid_stat(5). The second field, the name, may hold spaces and parentheses. */
async function startTicksOf(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}
