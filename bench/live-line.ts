/** Progress for people: what runs now on a terminal, and a line for everything that is done. */
import { type Step } from "./benchmark.ts";

const CLEAR_LINE = "\r\u001B[K";

export function progressLine(stream: NodeJS.WriteStream): (step: Step) => void {
  return (step) => {
    const what = `${step.data} ${step.store} run ${step.run}: ${step.case}, ${step.tool}`;
    if (step.sample !== undefined) stream.write(`${stream.isTTY ? CLEAR_LINE : ""}${what}: ${figures(step.sample)}\n`);
    else if (stream.isTTY) stream.write(`${CLEAR_LINE}${what} …`);
  };
}

function figures({ wallSeconds, cpuSeconds, peakBytes, storedBytes }: NonNullable<Step["sample"]>): string {
  const [peak, stored] = [peakBytes, storedBytes].map((bytes) => `${(bytes / 1e6).toFixed(1)} MB`);
  return `${wallSeconds.toFixed(2)} s, ${cpuSeconds.toFixed(2)} CPU-s, peak ${peak}, stored ${stored}`;
}
