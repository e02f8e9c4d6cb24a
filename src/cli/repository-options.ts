/** The options that every command on a repository or a location has. Loaded by `--help`, too: it imports little. */
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { type Command, Option } from "commander";
import { DomainError } from "../base/errors.ts";
import type { CommandContext } from "./context.ts";
import { parseDuration } from "./duration.ts";
import { PASSWORD_VARIABLE } from "./password.ts";
import { PROGRESS_MODES, type ProgressMode } from "./progress-modes.ts";

export interface RepositoryOptions {
  /** Of the repository, or of the location. */
  readonly url: string;
  readonly passwordFile: string | undefined;
  /** Absolute; undefined for none. */
  readonly cacheDir: string | undefined;
  /** How long to wait for somebody else's lock; 0 for not at all. */
  readonly retryLockMs: number;
  readonly progress: ProgressMode;
}

/** What a command works on: one repository, or a location with the repositories of many units. */
export type StorageScope = "location" | "repository";

const VARIABLES: Readonly<Record<StorageScope, string>> = { location: "HOLDFAST_LOCATION", repository: "HOLDFAST_REPOSITORY" };

export function addRepositoryOptions(command: Command): Command {
  const address = command.option("--repository <url>", `Folder or bucket of the repository (default: $${VARIABLES.repository})`);
  return addStorageOptions(address, "password");
}

export function addLocationOptions(command: Command): Command {
  const address = command.option("--location <url>", `Folder or bucket that restore points are kept in (default: $${VARIABLES.location})`);
  return addStorageOptions(address, "location's key");
}

function addStorageOptions(command: Command, secret: string): Command {
  return command
    .option("--password-file <file>", `Read the ${secret} from this file (default: $${PASSWORD_VARIABLE}, or ask)`)
    .option("--cache-dir <folder>", "Keep copies of small files of repositories here (default: holdfast in the cache folder of the user)")
    .option("--no-cache", "Keep no copies")
    .option("--retry-lock <duration>", "Wait so long for a lock that somebody else holds, as in 10m", "0s")
    .addOption(new Option("--progress <how>", "How progress is shown on standard error").choices(PROGRESS_MODES).default("auto"));
}

interface GivenOptions {
  readonly location?: string;
  readonly repository?: string;
  readonly passwordFile?: string;
  readonly cacheDir?: string;
  readonly cache: boolean;
  readonly retryLock: string;
  readonly progress: ProgressMode;
}

/**
 * @throws {DomainError} usage/repository_missing, usage/location_missing
 * @throws {DomainError} usage/duration
 */
export function readStorageOptions(
  command: Command,
  { environment }: Pick<CommandContext, "environment">,
  scope: StorageScope,
): RepositoryOptions {
  const given = command.opts<GivenOptions>();
  const url = given[scope] ?? environment[VARIABLES[scope]] ?? "";
  if (url === "") {
    throw new DomainError("usage", `${scope}_missing`, `Cannot open a ${scope}: none was named`, {
      hint: `Use --${scope}, or set ${VARIABLES[scope]}`,
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
