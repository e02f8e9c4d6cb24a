/**
 * `holdfast storage …`. One file a noun: it says what its verbs are called, take and explain. What a verb does is in
 * `../commands/<noun>-<verb>.ts`, imported by the action only; it gets parsed values, the context, and the output format.
 */
import type { Command } from "commander";
import type { StorageCheckOptions } from "../commands/storage-check.ts";
import type { CommandContext } from "../context.ts";
import { outputFormat } from "../output.ts";

export function addStorage(program: Command, context: CommandContext): void {
  const storage = program.command("storage").helpCommand(false).description("Examine the places that hold repositories");
  storage
    .command("check")
    .argument("<url>", "Folder or bucket: /path, file:///path, s3://bucket/prefix?endpoint=…&region=…&pathStyle=true")
    .description("Prove that a storage keeps what repositories rely on; it writes a few small objects and removes them again")
    .option("--lock", "Prove Object Lock as well, which takes ten seconds more")
    .action(async (url: string, { lock = false }: Partial<StorageCheckOptions>, command: Command) => {
      const { storageCheck } = await import("../commands/storage-check.ts");
      await storageCheck(url, { lock }, context, outputFormat(command));
    });
}
