/** `holdfast repository access`: what restic needs to open a repository of ours. */
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { repositoryPassword, parseSecret } from "../../repository/secret.ts";
import { parseS3Url } from "../../storage/s3/url.ts";
import type { CommandContext } from "../context.ts";
import { handOut, requireOutput, type SecretOutput } from "../new-secret.ts";
import { writeResult } from "../output.ts";
import { readPassword } from "../password.ts";
import { openRepositoryAt, runWithStorage } from "../repository-run.ts";

export interface RepositoryAccessOptions {
  readonly reveal?: boolean;
  readonly passwordOut?: string;
}

export async function repositoryAccess(given: RepositoryAccessOptions, command: Command, context: CommandContext): Promise<void> {
  const output: SecretOutput = { reveal: given.reveal ?? false, file: given.passwordOut };
  await requireOutput(output, context);
  await runWithStorage(command, context, async (run) => {
    const { options, format, report } = run;
    const password = await readPassword(options.passwordFile, context, report);
    await using closing = new AsyncDisposableStack();
    const { repository } = await openRepositoryAt(options.url, password, run, closing);
    const environment = {
      ...resticLocation(options.url, context),
      ...(output.file === undefined ? {} : { RESTIC_PASSWORD_FILE: resolve(output.file) }),
    };
    await handOut(repositoryPassword(parseSecret(password), repository.identity), output, context, async () => Promise.resolve());
    writeResult(context, format, environment, () =>
      Object.entries(environment)
        .map(([name, value]) => `export ${name}=${shellQuoted(value)}`)
        .join("\n"),
    );
  });
}

function resticLocation(url: string, { environment }: CommandContext): Readonly<Record<string, string>> {
  if (!url.startsWith("s3:")) return { RESTIC_REPOSITORY: url.startsWith("file:") ? fileURLToPath(url) : url };
  const { endpoint, bucket, prefix, region } = parseS3Url(url, environment);
  return { RESTIC_REPOSITORY: `s3:${endpoint}/${bucket}/${prefix.replace(/\/$/, "")}`, AWS_DEFAULT_REGION: region };
}

function shellQuoted(text: string): string {
  return /^[\w/:.@-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
