/** Runs a program to its end and keeps what it prints. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

export interface ChildOptions {
  readonly cwd: string;
  readonly signal: AbortSignal;
  /** Gets each line of standard output, which is not kept then. */
  readonly onLine?: (line: string) => void;
}

export interface ChildResult {
  readonly ok: boolean;
  /** Standard output and standard error as they came. */
  readonly output: string;
}

/** A program that cannot be started or is ended by the signal gives a result that is not ok. */
export async function runChild(program: string, args: readonly string[], options: ChildOptions): Promise<ChildResult> {
  const { cwd, signal, onLine } = options;
  const child = spawn(program, args, { cwd, signal, stdio: ["ignore", "pipe", "pipe"] });
  const output: string[] = [];
  const keep = (chunk: string): number => output.push(chunk);
  child.stderr.setEncoding("utf8").on("data", keep);
  if (onLine === undefined) child.stdout.setEncoding("utf8").on("data", keep);
  else createInterface({ input: child.stdout }).on("line", onLine);

  const ended = Promise.withResolvers<boolean>();
  child.on("error", (error) => {
    keep(`Cannot run "${program}": ${error.message}\n`);
    // One that never started does not close.
    if (child.pid === undefined) ended.resolve(false);
  });
  child.on("close", (code) => ended.resolve(code === 0));
  return { ok: await ended.promise, output: output.join("") };
}
