/** `holdfast clone` */
import { type Command, Option } from "commander";
import { EXTERNAL } from "../../recover/clone/clone-options.ts";
import { addClusterOptions } from "../cluster-options.ts";
import type { CloneCommandOptions } from "../commands/clone.ts";
import type { CommandContext } from "../context.ts";
import { addMoverOptions } from "../mover-options.ts";
import { addLocationOptions } from "../repository-options.ts";
import { collect } from "../snapshot-options.ts";
import { POINT_ARGUMENT } from "./point.ts";

export function addClone(program: Command, context: CommandContext): void {
  const clone = program
    .command("clone")
    .argument("<point>", POINT_ARGUMENT)
    .description("Make a copy for development: scaled down, its schedules suspended, and with no way in or out but what is opened")
    .requiredOption("--to-namespace <name>", "Into this namespace; every reference follows")
    .option("--storage-class <old=new>", "Another storage class; may be repeated", collect, [])
    .option("--replicas <number>", 'Of each workload, at most; "all": as many as the original', "1")
    .option("--open <kind/name>", "Leave open what is shut in a copy, as Ingress/web or CronJob/report; may be repeated", collect, [])
    .option("--open-egress <target>", "Let pods connect to addresses, as 10.1.0.0/16, or to a namespace; may be repeated", collect, [])
    .addOption(
      new Option("--external <what>", "What to do about objects that own something outside of the cluster")
        .choices(EXTERNAL)
        .default("skip"),
    )
    .option("--external-group <group>", "Objects of this API group own something outside, too; may be repeated", collect, [])
    .option("--read-only-volumes", "Containers cannot write to the volumes")
    .option("--mask", "Make what is private in databases unrecognisable, as their blueprints say, before anything else runs")
    .option("--transform <file>", "Changes to make to the objects, as YAML")
    .option("--blueprints <path>", "A file or folder of blueprints of your own; may be repeated", collect, [])
    .option("-n, --dry-run", "Only make the plan, and ask the cluster whether it would take it")
    .option("--max-speed", "Do not slow down for others: for a cluster that nobody uses yet")
    .option("--wait <duration>", "Wait at most so long until all is ready", "5m")
    .option("--no-wait", "Do not wait until all is ready");
  addLocationOptions(addMoverOptions(addClusterOptions(clone))).action(
    async (point: string, given: CloneCommandOptions, command: Command) => {
      const { clone: run } = await import("../commands/clone.ts");
      await run(point, given, command, context);
    },
  );
}
