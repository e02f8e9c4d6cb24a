import { spawn } from "node:child_process";

export interface CommandResult {
  /** -1 if a signal ended it. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Standard output as JSON, for commands run with `-o json`. */
  json(): unknown;
}

export interface ProgramOptions {
  readonly signal?: AbortSignal | undefined;
  /** The whole environment; that of this process without it. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** Runs a program to its end, whatever its exit code. */
export async function runProgram(program: string, args: readonly string[], options: ProgramOptions = {}): Promise<CommandResult> {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) child[name].setEncoding("utf8").on("data", (text: string) => (output[name] += text));
  const exitCode = await new Promise<number>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? -1));
  });
  return { exitCode, ...output, json: () => JSON.parse(output.stdout) as unknown };
}
