/** `holdfast restore` */
import { type Command, Option } from "commander";
import { DEPENDENCIES, EXISTING } from "../../recover/plan/plan.ts";
import { addClusterOptions } from "../cluster-options.ts";
import type { RestoreOptions } from "../commands/restore.ts";
import type { CommandContext } from "../context.ts";
import { addMoverOptions } from "../mover-options.ts";
import { addLocationOptions } from "../repository-options.ts";
import { collect } from "../snapshot-options.ts";
import { POINT_ARGUMENT } from "./point.ts";

export function addRestore(program: Command, context: CommandContext): void {
  const restore = program
    .command("restore")
    .argument("<point>", POINT_ARGUMENT)
    .description("Bring an application back: plan it, write its objects in order, fill its volumes, and wait until all is ready")
    .option("--to-namespace <name>", "Into this namespace; every reference follows")
    .option("--name-prefix <prefix>", "Put before the names of all objects; every reference follows")
    .option("--storage-class <old=new>", "Another storage class; may be repeated", collect, [])
    .option("--transform <file>", "Changes to make to the objects, as YAML")
    .option("--only <kind/name,...>", "Only these objects, as in Deployment/web,ConfigMap/web")
    .addOption(new Option("--existing <what>", "What to do about objects that are there and different").choices(EXISTING).default("fail"))
    .addOption(new Option("--dependencies <what>", "What to do about those that others use, too").choices(DEPENDENCIES).default("keep"))
    .option("--volumes-only", "Only claims and the data of their volumes")
    .option("--objects-only", "No data of volumes: claims get new and empty ones")
    .option("--path <path>", "Only these files, as in volumes/data/some/folder, into the claim that is in use")
    .option("--volume-size <claim=size>", "A larger new volume, as in data=20Gi; may be repeated", collect, [])
    .option("--access-mode <claim=mode>", "Another access mode, as in data=ReadWriteOnce; may be repeated", collect, [])
    .option("--swap", "Put the data of volumes in the place of live ones: pods stop for the exchange, and old volumes are kept to go back")
    .option("--owners-paused", "With --swap: what could start pods again, and Holdfast cannot pause, is paused")
    .option("--blueprints <path>", "A file or folder of blueprints of your own; may be repeated", collect, [])
    .option("-n, --dry-run", "Only make the plan, and ask the cluster whether it would take it")
    .option("--plan <file>", "With --dry-run: write the plan there. Without: execute exactly this plan, or nothing")
    .option("--max-speed", "Do not slow down for others: for a cluster that nobody uses yet")
    .option("--wait <duration>", "Wait at most so long until all is ready", "5m")
    .option("--no-wait", "Do not wait until all is ready");
  addLocationOptions(addMoverOptions(addClusterOptions(restore))).action(async (point: string, given: RestoreOptions, command: Command) => {
    const { restore: run } = await import("../commands/restore.ts");
    await run(point, given, command, context);
  });
}
