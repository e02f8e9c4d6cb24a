/** `holdfast repository unlock` */
import type { Command } from "commander";
import { describeHolder, holderDetails } from "../../repository/lock-errors.ts";
import { ownIdentity } from "../../repository/lock-process.ts";
import { unlock } from "../../repository/lock-removal.ts";
import type { CommandContext } from "../context.ts";
import { writeResult } from "../output.ts";
import { runOnRepository } from "../repository-run.ts";
import { counted } from "../shown.ts";

export interface RepositoryUnlockOptions {
  readonly all?: boolean;
}

export async function repositoryUnlock({ all = false }: RepositoryUnlockOptions, command: Command, context: CommandContext): Promise<void> {
  await runOnRepository(command, context, async ({ repository, format }) => {
    const { clock, signal } = context;
    const { removed, kept } = await unlock(repository.files, { all, clock, identity: await ownIdentity(), signal });
    writeResult(context, format, { removed: removed.map(holderDetails), kept: kept.map(holderDetails) }, () =>
      [
        `Removed ${counted(removed.length, "lock")}`,
        ...kept.map((lock) => `Kept, as it may be alive: ${describeHolder(lock, clock.now())}`),
        ...(kept.length === 0 ? [] : ["Use --all to remove these, too, if you are sure that nothing of them runs any more"]),
      ].join("\n"),
    );
  });
}
