/** The command behind `make bench`. */
import { Command } from "commander";
import { cacheRoot } from "../dev/host/cache.ts";
import { requirePackages } from "../dev/host/packages.ts";
import { VELERO_VERSION, veleroPrograms } from "../dev/peers/velero.ts";
import { DomainError } from "../src/base/errors.ts";
import { runAsProcess } from "../src/cli/run-as-process.ts";
import { runCommand } from "../src/cli/run-command.ts";
import { benchmark, STORES } from "./benchmark.ts";
import { CASES } from "./cases.ts";
import { DATA_SETS } from "./data/sets.ts";
import { progressLine } from "./live-line.ts";
import { describeMachine, machineText } from "./machine.ts";
import { TIME_PACKAGE } from "./measure.ts";
import { benchmarkObjects, PARTS } from "./objects/run.ts";
import type { Figure } from "./part.ts";
import { figureText, report } from "./report.ts";
import { markdown } from "./table.ts";
import { holdfastTools } from "./tools/holdfast.ts";
import { kopiaTool } from "./tools/kopia.ts";
import { resticTools } from "./tools/restic.ts";
import { type Tool } from "./tools/tool.ts";
import { benchmarkVolumes, VOLUME_PARTS } from "./volumes/run.ts";

interface BenchOptions {
  readonly runs: string;
  readonly tools: string;
  readonly data: string;
  readonly stores: string;
  readonly cases?: string;
  readonly output: string;
}

const FAMILIES: readonly { readonly name: string; readonly build: (signal: AbortSignal) => Promise<readonly Tool[]> }[] = [
  { name: "restic", build: resticTools },
  { name: "kopia", build: async (signal) => [await kopiaTool(signal)] },
  { name: "holdfast", build: holdfastTools },
];
const OUTPUTS = ["text", "json"] as const;

interface VolumesOptions {
  readonly parts: string;
}

interface ObjectsOptions {
  readonly parts: string;
  readonly velero: boolean;
}

function createProgram(signal: AbortSignal): Command {
  const program = new Command("make bench")
    .description("Measure Holdfast beside restic and kopia on generated data: time, memory and stored bytes of whole processes")
    .option("--runs <number>", "How often; figures are medians", "3")
    .option("--tools <names>", listed(FAMILIES), listed(FAMILIES))
    .option("--data <names>", listed(DATA_SETS), "mixed,small")
    .option("--stores <names>", STORES.join(","), STORES.join(","))
    .option("--cases <names>", `${listed(CASES)} (default: those that the data is for)`)
    .option("-o, --output <format>", OUTPUTS.join(" or "), "text")
    .addHelpText("after", '\nExample:\n  make bench BENCH="--runs 1 --tools restic,kopia --data small --stores local"')
    .action(async (options: BenchOptions) => bench(options, signal));
  program
    .command("objects")
    .description("Measure capture and restore of Kubernetes objects beside Velero, each part on a control plane of its own")
    .option("--parts <names>", listed(PARTS), listed(PARTS))
    .option("--no-velero", "Without Velero, which takes minutes to build and to restore")
    .addHelpText("after", '\nExample:\n  make bench BENCH="objects --parts capture,restore"')
    .action(async (options: ObjectsOptions, command: Command) =>
      benchObjects(options, command.optsWithGlobals<BenchOptions>().output, signal),
    );
  program
    .command("volumes")
    .description("Measure backup and restore of volumes and databases, each part on a cluster of its own")
    .option("--parts <names>", listed(VOLUME_PARTS), listed(VOLUME_PARTS))
    .addHelpText("after", '\nExample:\n  make bench BENCH="--runs 1 volumes --parts quiesce,swap"')
    .action(async (options: VolumesOptions, command: Command) => benchVolumes(options, command.optsWithGlobals<BenchOptions>(), signal));
  return program;
}

async function bench(options: BenchOptions, signal: AbortSignal): Promise<void> {
  const output = chooseOutput(options.output);
  const dataSets = choose("data", DATA_SETS, options.data);
  const stores = choose(
    "store",
    STORES.map((name) => ({ name })),
    options.stores,
  ).map(({ name }) => name);
  const cases = options.cases === undefined ? undefined : choose("case", CASES, options.cases).map(({ name }) => name);
  const families = choose("tool", FAMILIES, options.tools);
  const runs = parseRuns(options.runs);

  await requirePackages([TIME_PACKAGE], signal);
  const tools: Tool[] = [];
  for (const { build } of families) tools.push(...(await build(signal)));
  const results = await benchmark({ dataSets, stores, tools, cases, runs }, progressLine(process.stderr), signal);

  const machine = await describeMachine(cacheRoot(), signal);
  const versions = [...new Set(tools.map(({ version }) => version))];
  const data = dataSets.map(({ name, description }) => ({ name, description }));
  if (output === "json") process.stdout.write(`${JSON.stringify({ machine, versions, runs, data, results })}\n`);
  else {
    const facts = [machineText(machine), versions.join("; "), runs === 1 ? "One run" : `Median of ${runs} runs`];
    const descriptions = data.map(({ name, description }) => `- ${name}: ${description}`);
    process.stdout.write(`${facts.join("  \n")}\n\n${descriptions.join("\n")}\n\n${markdown(results)}`);
  }
}

async function benchObjects(options: ObjectsOptions, outputName: string, signal: AbortSignal): Promise<void> {
  const output = chooseOutput(outputName);
  const parts = choose("part", PARTS, options.parts);
  await requirePackages([TIME_PACKAGE], signal);
  const velero = options.velero ? await veleroPrograms(signal) : undefined;
  const onFigure = (figure: Figure): void => void process.stderr.write(`${figureText(figure)}\n`);
  const outcomes = await benchmarkObjects({ parts, velero, onFigure }, signal);

  const machine = await describeMachine(cacheRoot(), signal);
  if (output === "json") {
    const results = outcomes.map(([{ name, description }, outcome]) => ({ name, description, ...outcome }));
    process.stdout.write(`${JSON.stringify({ machine, velero: VELERO_VERSION, parts: results })}\n`);
  } else {
    const facts = [machineText(machine), velero === undefined ? "Without Velero" : `Velero ${VELERO_VERSION}`];
    process.stdout.write(`${facts.join("  \n")}\n\n${report(outcomes)}`);
  }
}

async function benchVolumes(options: VolumesOptions, given: BenchOptions, signal: AbortSignal): Promise<void> {
  const output = chooseOutput(given.output);
  const parts = choose("part", VOLUME_PARTS, options.parts);
  const runs = parseRuns(given.runs);
  const onFigure = (figure: Figure): void => void process.stderr.write(`${figureText(figure)}\n`);
  const outcomes = await benchmarkVolumes({ parts, runs, onFigure }, signal);

  const machine = await describeMachine(cacheRoot(), signal);
  if (output === "json") {
    const results = outcomes.map(([{ name, description }, outcome]) => ({ name, description, ...outcome }));
    process.stdout.write(`${JSON.stringify({ machine, runs, parts: results })}\n`);
  } else process.stdout.write(`${machineText(machine)}\n\n${report(outcomes)}`);
}

function chooseOutput(name: string): string | undefined {
  const named = OUTPUTS.map((output) => ({ name: output }));
  return choose("output", named, name)[0]?.name;
}

/** @throws {DomainError} usage/unknown_name */
function choose<T extends { readonly name: string }>(what: string, choices: readonly T[], names: string): T[] {
  return names.split(",").map((name) => {
    const choice = choices.find((candidate) => candidate.name === name);
    if (choice !== undefined) return choice;
    throw new DomainError("usage", "unknown_name", `Cannot measure with ${what} "${name}": there is none of that name`, {
      hint: `Choose from ${listed(choices)}`,
    });
  });
}

function listed(choices: readonly { readonly name: string }[]): string {
  return choices.map(({ name }) => name).join(",");
}

function parseRuns(text: string): number {
  const runs = Number(text);
  if (Number.isInteger(runs) && runs > 0) return runs;
  throw new DomainError("usage", "runs", `Cannot run "${text}" times: not a whole number above 0`);
}

await runAsProcess(async (signal) => runCommand(createProgram(signal), process.argv.slice(2)));
