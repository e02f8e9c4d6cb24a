/** What every command does that works on a repository: opens it as its options say, shows how it goes, and ends as its findings demand. */
import type { Command } from "commander";
import { formatBytes } from "../base/byte-size.ts";
import { DomainError } from "../base/errors.ts";
import type { Finding, FindingSink } from "../base/finding.ts";
import { cacheFolder, type LocalCache, openLocalCache } from "../repository/local-cache.ts";
import { describeHolder } from "../repository/lock-errors.ts";
import { openRepository, type Repository } from "../repository/repository.ts";
import type { AsOf } from "../repository/object-lock/history.ts";
import { underRetention } from "../repository/object-lock/under-retention.ts";
import { readThrough } from "../repository/read-through.ts";
import { SealedFiles } from "../repository/sealed-files.ts";
import { parseSecret, type RepositorySecret } from "../repository/secret.ts";
import { openSession, type Session, type SessionOptions } from "../repository/session.ts";
import type { Traffic } from "../storage/counting.ts";
import { discarding } from "../storage/discarding.ts";
import type { CommandContext } from "./context.ts";
import { formatDuration } from "./duration.ts";
import { findingWriter, outputFormat, type OutputFormat, writeResult } from "./output.ts";
import { readPassword } from "./password.ts";
import { ProgressDisplay } from "./progress-display.ts";
import { type OpenedStore, openRetryingStore } from "./open-store.ts";
import { type RepositoryOptions, readStorageOptions, type StorageScope } from "./repository-options.ts";
import { counted } from "./shown.ts";

const RUN_CHECK = 'Run "holdfast repository check" to see what that touches and what to do';

/** What was read was right all the same. */
const TAMPERING: ReadonlySet<string> = new Set(["locked_object_hidden", "object_overwritten"]);
const GIVE_BACK =
  'Holdfast reads what was there before; find out who has the credentials of the storage, change them, and give other programs the right files back with "holdfast repository repair undelete"';

/** A command before its repository is open. */
export interface StorageRun {
  readonly context: CommandContext;
  readonly options: RepositoryOptions;
  readonly format: OutputFormat;
  readonly display: ProgressDisplay;
  readonly report: FindingSink;
  /** All that were reported so far. */
  readonly findings: readonly Finding[];
}

export interface RepositoryRun extends StorageRun {
  readonly repository: Repository;
  readonly cache: LocalCache | undefined;
  /** So far. */
  readonly traffic: Traffic;
  /** The repository as it was then; undefined: as it is. */
  readonly asOfMs: number | undefined;
  /** What whoever adds to it must be told. */
  readonly unprotected: Finding | undefined;
}

export interface RunOptions {
  /** What is found is what the command is for: it does not fail by it. */
  readonly isRepair?: boolean | undefined;
  /** What to do about damage, where it is not to run check. */
  readonly damageHint?: string | undefined;
  /** @default "repository" */
  readonly scope?: StorageScope | undefined;
}

/**
 * @param work writes its result itself
 * @throws {DomainError} partial/incomplete or corrupt/damaged_repository: of what was reported, after `work` returned
 */
export async function runWithStorage(
  command: Command,
  context: CommandContext,
  work: (run: StorageRun) => Promise<void>,
  { isRepair = false, damageHint = RUN_CHECK, scope = "repository" }: RunOptions = {},
): Promise<void> {
  const options = readStorageOptions(command, context, scope);
  const format = outputFormat(command);
  const findings: Finding[] = [];
  {
    using display = new ProgressDisplay({ mode: options.progress, stderr: context.stderr, clock: context.clock });
    const show = findingWriter(format, (line) => display.message(line));
    const report: FindingSink = (finding) => {
      findings.push(finding);
      show(finding);
    };
    await work({ context, options, format, display, report, findings });
  }
  if (!isRepair) throwIfBad(findings, findings.some(({ code }) => TAMPERING.has(code)) ? GIVE_BACK : damageHint);
}

/** Like runWithStorage(), with the repository open. */
export async function runOnRepository(
  command: Command,
  context: CommandContext,
  work: (run: RepositoryRun) => Promise<void>,
  options: RunOptions & AsOf = {},
): Promise<void> {
  const open = async (run: StorageRun): Promise<void> => {
    await using closing = new AsyncDisposableStack();
    const password = await readPassword(run.options.passwordFile, context, run.report);
    await work(await openRepositoryAt(run.options.url, password, run, closing, options));
  };
  await runWithStorage(command, context, open, options);
}

/** Opens a repository on top of a run, until `closing` is disposed. Throws as openRetryingStore() and openRepository() do. */
export async function openRepositoryAt(
  url: string,
  password: string,
  run: StorageRun,
  closing: AsyncDisposableStack,
  asOf: AsOf = {},
): Promise<RepositoryRun> {
  const { context, report, display } = run;
  const secret = parseSecret(password);
  const { store, traffic } = await openRetryingStore(url, context, report);
  closing.use(store);
  display.watch(store.url, traffic);
  return openRepositoryOn({ store, traffic }, secret, run, asOf);
}

/** Like openRepositoryAt(), where the store is open. */
export async function openRepositoryOn(
  { store, traffic }: OpenedStore,
  secret: RepositorySecret,
  run: StorageRun,
  { asOfMs }: AsOf = {},
): Promise<RepositoryRun> {
  const { context, report } = run;
  const { clock, signal } = context;
  if (asOfMs !== undefined && store.versions === undefined) {
    throw new DomainError("unsupported", "object_versions", `Cannot look at an earlier time of "${store.url}": it keeps no versions`, {
      hint: "Leave out --as-of",
    });
  }
  const opened = await openRepository(readThrough(store, { clock, asOfMs, report }), secret, { signal });
  const { repository, unprotected } = await underRetention(opened, { clock, signal });
  for (const finding of repository.findings) report(finding);
  return { ...run, repository, traffic, asOfMs, unprotected, cache: cacheOf(repository, run) };
}

function cacheOf({ config }: Repository, { options, context, report }: StorageRun): LocalCache | undefined {
  const { clock, environment } = context;
  if (options.cacheDir === undefined) return undefined;
  return openLocalCache(cacheFolder(config.id, options.cacheDir, environment), { clock, report });
}

/** For commands that write. Says whom it waits for, if it waits. */
export async function openLockedSession(
  run: RepositoryRun,
  lock: "shared" | "exclusive",
  report: FindingSink = run.report,
): Promise<Session> {
  if (run.unprotected !== undefined) run.report(run.unprotected);
  return openSession(run.repository, { ...sessionOptions(run), report, lock });
}

/** For commands that only read: without a lock, where the credentials do not let them write one. */
export async function openReadingSession(run: RepositoryRun, report: FindingSink = run.report): Promise<Session> {
  // Locks of another time are of no use.
  if (run.asOfMs !== undefined) return openSession(run.repository, { ...sessionOptions(run), report, lock: "none" });
  try {
    return await openSession(run.repository, { ...sessionOptions(run), report, lock: "shared" });
  } catch (error) {
    if (!(error instanceof DomainError) || error.kind !== "forbidden") throw error;
    const message = "Reading without a lock, which cannot be written here: what is pruned meanwhile may be missed";
    run.report({ grade: "info", code: "not_locked", object: run.options.url, message });
    return openSession(run.repository, { ...sessionOptions(run), report, lock: "none" });
  }
}

/** For a dry run: takes no lock, and nothing that is stored on it is kept. */
export async function openDrySession(run: RepositoryRun): Promise<Session> {
  const { repository, report } = run;
  const store = discarding(repository.store);
  const files = new SealedFiles(store, repository.cipher, repository.config.version);
  return openSession({ ...repository, store, files }, { ...sessionOptions(run), report, lock: "none" });
}

function sessionOptions({ context, options, cache, display }: RepositoryRun): Omit<SessionOptions, "lock" | "report"> {
  const { clock, signal } = context;
  const onWait: SessionOptions["onWait"] = ({ holders, leftMs }) => {
    const who = holders.map((holder) => describeHolder(holder, clock.now())).join(", ");
    display.message(`Waiting up to ${formatDuration(leftMs)} for the lock: ${who}`);
  };
  return { cache, retryLockMs: options.retryLockMs, onWait, clock, signal };
}

/** Writes a result with what it took to get it. */
export function writeSummary(run: RepositoryRun, value: Readonly<Record<string, unknown>>, text: () => string): void {
  const { requests, bytesSent, bytesReceived } = run.traffic;
  const whole = { requests, bytesSent, bytesReceived, ...(value["findings"] === undefined ? { findings: run.findings } : {}) };
  const traffic = `${counted(requests, "request")}, ${formatBytes(bytesSent)} sent, ${formatBytes(bytesReceived)} received`;
  writeResult(run.context, run.format, { ...value, ...whole }, () => `${text()}\n${traffic}`);
}

/** The first of the worst kind stands for all. */
function throwIfBad(findings: readonly Finding[], hint: string): void {
  const count = (grade: Finding["grade"]): number => findings.filter((finding) => finding.grade === grade).length;
  const details = { findings: findings.length };
  const [critical, partial] = [count("critical"), count("partial")];
  if (critical > 0) {
    const message = `Cannot trust all of the repository: ${counted(critical, "thing")} damaged, as said above`;
    throw new DomainError("corrupt", "damaged_repository", message, { details, hint });
  }
  if (partial > 0) {
    const message = `Cannot finish all of it: ${counted(partial, "thing")} went wrong, as said above`;
    throw new DomainError("partial", "incomplete", message, { details });
  }
}
