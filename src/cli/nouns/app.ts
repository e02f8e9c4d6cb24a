/** `holdfast app …` */
import type { Command } from "commander";
import { addClusterOptions } from "../cluster-options.ts";
import type { AppListOptions } from "../commands/app-list.ts";
import type { AppShowOptions } from "../commands/app-show.ts";
import type { CommandContext } from "../context.ts";
import { addUnitsOption } from "../unit-options.ts";

export function addApp(program: Command, context: CommandContext): void {
  const app = program.command("app").helpCommand(false).description("Find the applications of a cluster");
  const list = app
    .command("list")
    .description("List what can be protected: namespaces, the applications found in them, and those that are declared")
    .option("-n, --namespace <name>", "Only what is in this namespace");
  addClusterOptions(addUnitsOption(list)).action(async (given: AppListOptions, command: Command) => {
    const { appList } = await import("../commands/app-list.ts");
    await appList(given, command, context);
  });
  const show = app
    .command("show")
    .argument("<name>", "A namespace, an application, or both as in helm/shop, if the name alone is not enough")
    .description("Show what an application is made of, and what it needs from outside")
    .option("-n, --namespace <name>", "An application found in this namespace");
  addClusterOptions(addUnitsOption(show)).action(async (name: string, given: AppShowOptions, command: Command) => {
    const { appShow } = await import("../commands/app-show.ts");
    await appShow(name, given, command, context);
  });
}
