import { readFile } from "node:fs/promises";

/** A process, told apart from a later one with the same id. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks between the start of the machine and that of the process. */
  readonly startTicks: string;
}

/** Fields of /proc/PID/stat after the command name (proc(5)): the state is the first of them, the start time the twentieth. */
const START_TIME = 19;

/** Undefined for a process that has ended, even if nobody has waited for it. */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  const startTicks = fields?.[0] === "Z" ? undefined : fields?.[START_TIME];
  return startTicks === undefined ? undefined : { pid, startTicks };
}

export async function isAlive(known: ProcessIdentity): Promise<boolean> {
  return (await identify(known.pid))?.startTicks === known.startTicks;
}
