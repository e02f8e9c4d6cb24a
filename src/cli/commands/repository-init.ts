/** `holdfast repository init` */
import type { Command } from "commander";
import type { Clock } from "../../base/clock.ts";
import { DomainError } from "../../base/errors.ts";
import type { Config, RepositoryVersion } from "../../repository/format/config.ts";
import { initRepository } from "../../repository/init.ts";
import { momentText } from "../../repository/object-lock/lock-text.ts";
import { datesOf } from "../../repository/object-lock/under-retention.ts";
import { readThrough } from "../../repository/read-through.ts";
import { ownIdentity } from "../../repository/lock-process.ts";
import { newLocationKey, parseSecret, type RepositorySecret, secretText } from "../../repository/secret.ts";
import type { CommandContext } from "../context.ts";
import { formatDuration } from "../duration.ts";
import { handOut, requireOutput, type SecretOutput } from "../new-secret.ts";
import { writeResult } from "../output.ts";
import { givenPassword, PASSWORD_VARIABLE, readPasswordOf } from "../password.ts";
import { openRetryingStore } from "../open-store.ts";
import { proveStorage } from "../prove-storage.ts";
import { openRepositoryAt, runWithStorage, type StorageRun } from "../repository-run.ts";
import { parseRetention, requireObjectLock } from "../retention.ts";
import { shortId } from "../shown.ts";

export interface RepositoryInitOptions {
  readonly reveal?: boolean;
  readonly keyOut?: string;
  readonly chunkerFrom?: string;
  readonly fromPasswordFile?: string;
  readonly formatVersion: "1" | "2";
  readonly checkStorage: boolean;
  readonly retention?: string;
}

export async function repositoryInit(given: RepositoryInitOptions, command: Command, context: CommandContext): Promise<void> {
  await runWithStorage(command, context, async (run) => {
    const { options, report } = run;
    const retentionMs = given.retention === undefined ? 0 : parseRetention(given.retention);
    const { clock, signal } = context;
    const output: SecretOutput = { reveal: given.reveal ?? false, file: given.keyOut };
    await requireOutput(output, context);
    const ownSecret = await readOwnSecret(run);
    const secret = ownSecret ?? newKeyFor(output);
    const chunkerFrom = given.chunkerFrom === undefined ? undefined : await readConfigOf(given.chunkerFrom, given, run);
    const { store: raw, traffic } = await openRetryingStore(options.url, context, report);
    await using _ = raw;
    run.display.watch(raw.url, traffic);
    if (retentionMs > 0) requireObjectLock(raw, "Cannot make a repository that is under Object Lock");
    if (given.checkStorage) await proveStorage(raw, retentionMs > 0, run);
    // A repository that somebody has hidden is one that is there.
    const store = readThrough(raw, { clock, report });
    const { username, hostname } = await ownIdentity();
    const version: RepositoryVersion = given.formatVersion === "1" ? 1 : 2;
    const init = async (): ReturnType<typeof initRepository> =>
      initRepository(store, { secret, owner: { username, hostname }, clock, version, chunkerFrom, retentionMs, signal });
    const { config } = ownSecret === undefined ? await handOut(secretText(secret), output, context, init) : await init();
    const chunker = config.chunker === undefined ? "rabin" : config.chunker.kind;
    writeResult(context, run.format, { id: config.id, url: store.url, version, chunker, keyFile: given.keyOut, retentionMs }, () =>
      [
        `Made repository ${shortId(config.id)} in ${store.url}`,
        ...retentionAdvice(retentionMs, clock),
        ...(ownSecret === undefined ? keyAdvice(output) : []),
      ].join("\n"),
    );
  });
}

async function readOwnSecret({ options, context, report }: StorageRun): Promise<RepositorySecret | undefined> {
  const source = { file: options.passwordFile, option: "--password-file", variable: PASSWORD_VARIABLE, of: "the new repository" };
  const text = await givenPassword(source, context, report);
  return text === undefined ? undefined : parseSecret(text);
}

function newKeyFor({ reveal, file }: SecretOutput): RepositorySecret {
  if (reveal || file !== undefined) return newLocationKey();
  throw new DomainError("usage", "key_output_missing", "Cannot make a repository: nothing says where its new key is to go", {
    hint: `Use --key-out or --reveal, or give a password of your own with --password-file or ${PASSWORD_VARIABLE}`,
  });
}

function retentionAdvice(retentionMs: number, clock: Clock): readonly string[] {
  if (retentionMs === 0) return [];
  const { untilMs } = datesOf(retentionMs, clock);
  return [
    `What is added is under Object Lock for ${formatDuration(retentionMs)} or more: nobody can delete what is added now before ${momentText(untilMs)}`,
  ];
}

function keyAdvice({ file }: SecretOutput): readonly string[] {
  const where = file === undefined ? "above" : `in ${file}`;
  return [`Its key is ${where}: keep a copy elsewhere, without it nobody can read the repository`];
}

async function readConfigOf(url: string, { fromPasswordFile }: RepositoryInitOptions, run: StorageRun): Promise<Config> {
  const source = {
    file: fromPasswordFile,
    option: "--from-password-file",
    variable: "HOLDFAST_FROM_PASSWORD",
    of: "the repository of --chunker-from",
  };
  await using closing = new AsyncDisposableStack();
  const { repository } = await openRepositoryAt(url, await readPasswordOf(source, run.context, run.report), run, closing);
  return repository.config;
}
