/** The options of every command that moves data of volumes in the cluster. */
import type { Command } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import { DEFAULT_NAMESPACE } from "../run/marks.ts";
import type { CommandContext } from "./context.ts";
import { parseCount } from "./numbers.ts";

interface GivenOptions {
  readonly holdfastNamespace?: string;
  readonly moverImage?: string;
  readonly movers?: string;
}

export interface MoverOptions {
  readonly namespace: string;
  readonly image: string;
  readonly limit: number;
}

const NAMESPACE_VARIABLE = "HOLDFAST_NAMESPACE";
const IMAGE_VARIABLE = "HOLDFAST_IMAGE";
const DEFAULT_IMAGE = `holdfast.dev/holdfast:${packageJson.version}`;
const DEFAULT_LIMIT = 4;

export function addHoldfastNamespace(command: Command): Command {
  return command.option(
    "--holdfast-namespace <name>",
    `Where data is moved; made if it is missing (default: $${NAMESPACE_VARIABLE}, or ${DEFAULT_NAMESPACE})`,
  );
}

export function addMoverOptions(command: Command): Command {
  return addHoldfastNamespace(command)
    .option("--mover-image <image>", `What moves it, as pods name it (default: $${IMAGE_VARIABLE}, or ${DEFAULT_IMAGE})`)
    .option("--movers <count>", `How many volumes at a time (default: ${DEFAULT_LIMIT})`);
}

export function readHoldfastNamespace(command: Command, { environment }: CommandContext): string {
  return command.opts<GivenOptions>().holdfastNamespace ?? environment[NAMESPACE_VARIABLE] ?? DEFAULT_NAMESPACE;
}

export function readMoverOptions(command: Command, context: CommandContext): MoverOptions {
  const given = command.opts<GivenOptions>();
  const { environment } = context;
  return {
    namespace: readHoldfastNamespace(command, context),
    image: given.moverImage ?? environment[IMAGE_VARIABLE] ?? DEFAULT_IMAGE,
    limit: given.movers === undefined ? DEFAULT_LIMIT : parseCount(given.movers, "--movers"),
  };
}
