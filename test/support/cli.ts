/** `bin/holdfast` with an environment of its own. */
import { join } from "node:path";
import { type Bucket, environment } from "./environment.ts";
import { type CommandResult, runProgram } from "./program.ts";
import type { TestContext } from "node:test";

export const PROGRAM: string = join(import.meta.dirname, "../../bin/holdfast");

export interface Cli {
  /** For a cache, keys and files; goes with the test. */
  readonly folder: string;
  /** Runs to the end, whatever the exit code. */
  readonly run: (...args: readonly string[]) => Promise<CommandResult>;
  /** Runs a line of a shell in which "$HOLDFAST" is the program. */
  readonly shell: (line: string) => Promise<CommandResult>;
}

/** Times are shown in UTC, and there is no other environment than what is given. */
export async function openCli(t: TestContext, variables: Readonly<Record<string, string>> = {}): Promise<Cli> {
  const folder = await environment(t).temporaryFolder();
  const env = { PATH: process.env["PATH"] ?? "", HOME: folder, TZ: "UTC", HOLDFAST: PROGRAM, ...variables };
  return {
    folder,
    run: async (...args) => runProgram(PROGRAM, args, { signal: t.signal, env }),
    shell: async (line) => runProgram("/bin/sh", ["-c", line], { signal: t.signal, env }),
  };
}

export interface Location {
  readonly url: string;
  readonly variables: Readonly<Record<string, string>>;
}

export function bucketLocation({ server, name }: Bucket): Location {
  const { accessKeyId, secretAccessKey, endpoint } = server;
  return {
    url: `s3://${name}/some/place?endpoint=${endpoint}`,
    variables: { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey },
  };
}
