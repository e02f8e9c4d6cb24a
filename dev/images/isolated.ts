import { type Output, run, type RunOptions } from "../host/run.ts";

/**
 * Runs a command that mounts file systems and starts helpers, in process and mount namespaces of its own: when it ends, and also
 * when this process is killed, the kernel ends all of its processes and its mounts are gone.
 */
export async function runIsolated(command: string, args: readonly string[], options: RunOptions): Promise<Output> {
  const namespaces = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
  return run("setpriv", ["--pdeathsig", "KILL", ...namespaces, command, ...args], options);
}
