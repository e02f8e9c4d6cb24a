/** The machine that figures come from: without it they say nothing. */
import { availableParallelism, cpus, release, totalmem } from "node:os";
import { formatBytes } from "../src/base/byte-size.ts";
import { run } from "../dev/host/run.ts";

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly kernel: string;
  /** Of the folder with data and repositories. */
  readonly fileSystem: string;
}

export async function describeMachine(folder: string, signal: AbortSignal): Promise<Machine> {
  const { stdout } = await run("findmnt", ["--noheadings", "--output", "FSTYPE", "--target", folder], { signal });
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    kernel: release(),
    fileSystem: stdout.trim(),
  };
}

export function machineText({ cpu, cores, memoryBytes, kernel, fileSystem }: Machine): string {
  return `${cpu}, ${cores} cores, ${formatBytes(memoryBytes)} of memory, Linux ${kernel}, ${fileSystem}`;
}
