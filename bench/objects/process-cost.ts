/** What a process that goes on running costs from one moment to another. */
import { readFile, writeFile } from "node:fs/promises";
import type { Cost } from "../measure.ts";

/** Of a clock tick, as `/proc` counts: the same on every Linux. */
const TICK_SECONDS = 0.01;
/** Sets the largest resident memory back to what it is now. Source: proc(5), `clear_refs`. */
const RESET_PEAK = "5";

/** Begins to count: its processor time with that of children that have ended, and its own memory. @returns ends it */
export async function countCost(pid: number): Promise<() => Promise<Cost>> {
  await writeFile(`/proc/${pid}/clear_refs`, RESET_PEAK);
  const cpuBefore = await cpuSeconds(pid);
  const started = performance.now();
  return async () => ({
    wallSeconds: (performance.now() - started) / 1_000,
    cpuSeconds: (await cpuSeconds(pid)) - cpuBefore,
    peakBytes: Number(/^VmHWM:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, "utf8"))?.[1]) * 1_024,
  });
}

async function cpuSeconds(pid: number): Promise<number> {
  // Behind the name, which may hold anything: the state, ten other fields, and then user and system time, its own and its children's.
  const fields = (await readFile(`/proc/${pid}/stat`, "utf8")).split(") ").at(-1)?.split(" ") ?? [];
  return fields.slice(11, 15).reduce((total, ticks) => total + Number(ticks), 0) * TICK_SECONDS;
}
