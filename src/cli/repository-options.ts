/** The options that every command on a repository has. Loaded by `--help`, too: it imports little. */
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { type Command, Option } from "commander";
import { DomainError } from "../base/errors.ts";
import type { CommandContext } from "./context.ts";
import { parseDuration } from "./duration.ts";
import { PASSWORD_VARIABLE } from "./password.ts";
import { PROGRESS_MODES, type ProgressMode } from "./progress-display.ts";

export interface RepositoryOptions {
  readonly url: string;
  readonly passwordFile: string | undefined;
  /** Absolute; undefined for none. */
  readonly cacheDir: string | undefined;
  /** How long to wait for somebody else's lock; 0 for not at all. */
  readonly retryLockMs: number;
  readonly progress: ProgressMode;
}

const REPOSITORY_VARIABLE = "HOLDFAST_REPOSITORY";

export function addRepositoryOptions(command: Command): Command {
  return command
    .option("--repository <url>", `Folder or bucket of the repository (default: $${REPOSITORY_VARIABLE})`)
    .option("--password-file <file>", `Read the password from this file (default: $${PASSWORD_VARIABLE}, or ask)`)
    .option("--cache-dir <folder>", "Keep copies of small files of repositories here (default: holdfast in the cache folder of the user)")
    .option("--no-cache", "Keep no copies")
    .option("--retry-lock <duration>", "Wait so long for a lock that somebody else holds, as in 10m", "0s")
    .addOption(new Option("--progress <how>", "How progress is shown on standard error").choices(PROGRESS_MODES).default("auto"));
}

interface GivenOptions {
  readonly repository?: string;
  readonly passwordFile?: string;
  readonly cacheDir?: string;
  readonly cache: boolean;
  readonly retryLock: string;
  readonly progress: ProgressMode;
}

/**
 * @throws {DomainError} usage/repository_missing
 * @throws {DomainError} usage/duration
 */
export function readRepositoryOptions(command: Command, { environment }: Pick<CommandContext, "environment">): RepositoryOptions {
  const given = command.opts<GivenOptions>();
  const url = given.repository ?? environment[REPOSITORY_VARIABLE] ?? "";
  if (url === "") {
    throw new DomainError("usage", "repository_missing", "Cannot open a repository: none was named", {
      hint: `Use --repository, or set ${REPOSITORY_VARIABLE}`,
    });
  }
  return {
    url,
    passwordFile: given.passwordFile,
    cacheDir: given.cache ? resolve(given.cacheDir ?? defaultCacheDir(environment)) : undefined,
    retryLockMs: parseDuration(given.retryLock),
    progress: given.progress,
  };
}

function defaultCacheDir(environment: CommandContext["environment"]): string {
  return join(environment["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "holdfast", "repositories");
}
