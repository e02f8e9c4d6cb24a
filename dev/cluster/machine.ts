import { readdir, readFile, readlink } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DomainError } from "../../src/base/errors.ts";
import { type Output, run } from "../host/run.ts";
import { identify, isAlive } from "./process-identity.ts";

/** A program that runs in a machine for as long as the cluster does. */
export interface Daemon {
  readonly name: string;
  readonly argv: readonly [string, ...string[]];
  readonly env?: readonly string[];
  /** Path of a network namespace inside the machine; the machine's own without it. */
  readonly netns?: string | undefined;
}

export interface DaemonState {
  readonly name: string;
  /** Counted inside the machine. */
  readonly pid: number;
  readonly running: boolean;
  readonly ended?: string;
}

/**
 * The namespaces that a cluster runs in, held by an init process (machine/main.go). Ending that process ends everything in the
 * machine at once, with its mounts and its network; the state folder stays, so that a machine can boot again like after a power cut.
 */
export class Machine {
  readonly #dir: string;
  /** Process id of its init, on the host. */
  readonly pid: number;

  private constructor(dir: string, pid: number) {
    this.#dir = dir;
    this.pid = pid;
  }

  /** The running machine of a state folder, if there is one. */
  static async find(dir: string): Promise<Machine | undefined> {
    for (const entry of await readdir("/proc")) {
      if (/^\d+$/.test(entry) && (await isInit(Number(entry), dir))) return new Machine(dir, Number(entry));
    }
    return undefined;
  }

  static async boot(dir: string, binary: string, signal?: AbortSignal): Promise<Machine> {
    const { stdout } = await run(binary, ["boot", dir], { signal });
    return new Machine(dir, Number(stdout.trim()));
  }

  /** Starts a daemon unless it runs; its output goes to `logs/NAME.log`. */
  async start(daemon: Daemon): Promise<void> {
    const enter = daemon.netns === undefined ? [] : ["/usr/bin/nsenter", `--net=${daemon.netns}`];
    await this.#ask({
      do: "start",
      name: daemon.name,
      argv: [...enter, ...daemon.argv],
      env: daemon.env ?? [],
      log: this.logPath(daemon.name),
    });
  }

  async daemons(): Promise<readonly DaemonState[]> {
    return this.#ask({ do: "list" });
  }

  /** Runs a command in the machine to its end. */
  async run(
    command: string,
    args: readonly string[],
    options: { signal?: AbortSignal | undefined; input?: string; netns?: string | undefined } = {},
  ): Promise<Output> {
    const net = options.netns === undefined ? "--net" : `--net=/proc/${this.pid}/root${options.netns}`;
    return run("nsenter", ["--target", String(this.pid), "--mount", "--pid", net, command, ...args], options);
  }

  /** Whether a command in the machine ends with status 0. */
  async succeeds(command: string, args: readonly string[]): Promise<boolean> {
    return this.run(command, args).then(
      () => true,
      () => false,
    );
  }

  /** Process id on the host of a process inside, or undefined if it is gone. */
  async hostPid(pidInside: number): Promise<number | undefined> {
    const namespace = await readlink(`/proc/${this.pid}/ns/pid`);
    for (const entry of await readdir("/proc")) {
      if (!/^\d+$/.test(entry) || (await readlink(`/proc/${entry}/ns/pid`).catch(() => "")) !== namespace) continue;
      const status = await readFile(`/proc/${entry}/status`, "utf8").catch(() => "");
      const pids = /^NSpid:\s+(.*)$/m.exec(status)?.[1]?.split(/\s+/) ?? [];
      if (pids.at(-1) === String(pidInside)) return Number(entry);
    }
    return undefined;
  }

  /** Ends every process of the machine and waits until the kernel has taken it apart. */
  async powerOff(): Promise<void> {
    const init = await identify(this.pid);
    if (init === undefined) return;
    try {
      process.kill(this.pid, "SIGKILL");
    } catch {
      // It ended in this very moment, which is what was wanted.
    }
    // It has ended only when all the others have: the kernel kills them on its behalf.
    while (await isAlive(init)) await sleep(20);
  }

  logPath(daemon: string): string {
    return join(this.#dir, "logs", `${daemon}.log`);
  }

  async #ask(request: object): Promise<readonly DaemonState[]> {
    const text = await new Promise<string>((resolve, reject) => {
      let answer = "";
      const socket = connect(join(this.#dir, "machine.sock"), () => socket.write(`${JSON.stringify(request)}\n`));
      socket.setEncoding("utf8").on("data", (part: string) => (answer += part));
      socket.on("error", reject).on("close", () => resolve(answer));
    });
    const { error, processes } = JSON.parse(text) as { error?: string; processes: readonly DaemonState[] };
    if (error !== undefined) throw new DomainError("internal", "machine_failed", `Cannot change the machine in "${this.#dir}": ${error}`);
    return processes;
  }
}

/** Whether a process is the init of this folder's machine. One that has ended has no command line, even if nobody has waited for it. */
async function isInit(pid: number, dir: string): Promise<boolean> {
  const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  return command === `/proc/self/exe\0init\0${dir}\0`;
}
