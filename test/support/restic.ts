/** restic on one repository, with the password and time zone that tests use. */
import assert from "node:assert/strict";
import { runProgram } from "./program.ts";

export interface ResticOptions {
  /** Of the program. */
  readonly program: string;
  /** As RESTIC_REPOSITORY has it. */
  readonly repository: string;
  readonly password: string;
  /** More of it, as credentials. */
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

export interface Restic {
  /** Gives standard output; fails the test if restic does. */
  readonly run: (...args: readonly string[]) => Promise<string>;
  /** Likewise, in a folder. */
  readonly runIn: (folder: string, ...args: readonly string[]) => Promise<string>;
}

export function resticOn({ program, repository, password, env, signal }: ResticOptions): Restic {
  const runIn = async (cwd: string | undefined, args: readonly string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await runProgram(program, ["--no-cache", ...args], {
      env: {
        RESTIC_REPOSITORY: repository,
        RESTIC_PASSWORD: password,
        RESTIC_PROGRESS_FPS: "0.1",
        TZ: "UTC",
        HOME: "/nonexistent",
        PATH: process.env["PATH"] ?? "",
        ...env,
      },
      ...(cwd === undefined ? {} : { cwd }),
      signal,
    });
    assert.equal(exitCode, 0, `restic ${args.join(" ")}: ${stderr}${stdout}`);
    return stdout;
  };
  return { run: (...args) => runIn(undefined, args), runIn: (folder, ...args) => runIn(folder, args) };
}

/** What `restic backup --json` says at its end. */
export interface ResticSummary {
  readonly files_new: number;
  readonly files_changed: number;
  readonly files_unmodified: number;
  readonly data_blobs: number;
  readonly tree_blobs: number;
  readonly data_added: number;
  readonly snapshot_id: string;
}

export function resticSummary(stdout: string): ResticSummary {
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as ResticSummary;
}
