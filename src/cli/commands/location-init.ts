/** `holdfast location init` */
import type { Command } from "commander";
import { DomainError } from "../../base/errors.ts";
import { initLocation } from "../../location/location.ts";
import { newLocationKey, secretText } from "../../repository/secret.ts";
import type { CommandContext } from "../context.ts";
import { handOut, requireOutput, type SecretOutput } from "../new-secret.ts";
import { openRetryingStore } from "../open-store.ts";
import { writeResult } from "../output.ts";
import { proveStorage } from "../prove-storage.ts";
import { runWithStorage } from "../repository-run.ts";
import { shortId } from "../shown.ts";

export interface LocationInitOptions {
  readonly reveal?: boolean;
  readonly keyOut?: string;
  readonly checkStorage: boolean;
}

export async function locationInit(given: LocationInitOptions, command: Command, context: CommandContext): Promise<void> {
  const output: SecretOutput = { reveal: given.reveal ?? false, file: given.keyOut };
  await runWithStorage(
    command,
    context,
    async (run) => {
      await requireOutput(output, context);
      if (!output.reveal && output.file === undefined) {
        throw new DomainError("usage", "key_output_missing", "Cannot make a location: nothing says where its new key is to go", {
          hint: "Use --key-out or --reveal",
        });
      }
      const { store, traffic } = await openRetryingStore(run.options.url, context, run.report);
      await using _ = store;
      run.display.watch(store.url, traffic);
      if (given.checkStorage) await proveStorage(store, false, run);
      const secret = newLocationKey();
      const { id } = await handOut(secretText(secret), output, context, () => initLocation(store, { secret, signal: context.signal }));
      writeResult(context, run.format, { id, url: store.url, keyFile: output.file }, () => {
        const where = output.file === undefined ? "above" : `in ${output.file}`;
        return `Made location ${shortId(id)} in ${store.url}\nIts key is ${where}: keep a copy elsewhere, without it nobody can read what is in it`;
      });
    },
    { scope: "location" },
  );
}
