/** The options that every command on a repository has, and what they lead to: a store that tries again, a password, a display. */
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { type Command, Option } from "commander";
import { DomainError } from "../base/errors.ts";
import { errorText } from "../base/error-text.ts";
import type { FindingSink } from "../base/finding.ts";
import { retry } from "../base/retry.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import { openStore } from "../storage/open.ts";
import { retrying, type StoreRetryOptions } from "../storage/retrying.ts";
import type { CommandContext } from "./context.ts";
import { formatDuration, parseDuration } from "./duration.ts";
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

/** A person waits for the first answer, and may have mistyped the endpoint. */
const OPENING_RETRIES = { maxAttempts: 4, maxElapsedMs: 20_000, firstDelayMs: 500, maxDelayMs: 5000 };
/** A long run outlasts a restart of the storage. */
const RUNNING_RETRIES = { maxAttempts: 30, maxElapsedMs: 15 * 60_000, firstDelayMs: 500, maxDelayMs: 60_000 };

/**
 * Opens a store whose calls are tried again where that can help; what had to be is reported.
 *
 * @throws {DomainError} as `openStore` does
 */
export async function openRetryingStore(url: string, context: CommandContext, report: FindingSink): Promise<ObjectStore> {
  const { clock, environment, signal } = context;
  const onRetry: StoreRetryOptions["onRetry"] = ({ error, delayMs }) => {
    const [message] = errorText(error).split("\n", 1);
    report({ grade: "info", code: "storage_retry", object: url, message: `${message}; next try in ${formatDuration(delayMs)}` });
  };
  const store = await retry(async () => openStore(url, { clock, environment, signal }), { clock, signal, onRetry, ...OPENING_RETRIES });
  return retrying(store, { clock, onRetry, ...RUNNING_RETRIES });
}
