/** A database dumped, loaded and checked. Nothing but what flows through is in memory. */
import type { Clock } from "../base/clock.ts";
import { DomainError } from "../base/errors.ts";
import type { KubeApi } from "../kube/kube-api.ts";
import type { ByteSink } from "../kube/streams/exec.ts";
import type { Blueprint, BlueprintCommand } from "./blueprint.ts";
import { choosePod } from "./choose-pod.ts";
import { blueprintName, type Database, describeDatabase } from "./database.ts";
import { type CommandOptions, runBlueprintCommand } from "./run-command.ts";

export interface OperationOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Which it was done to. */
export interface OperationResult {
  readonly pod: string;
}

type Operation = "check" | "dump" | "load" | "mask";

/**
 * Writes the whole database as its blueprint dumps it.
 *
 * @throws {DomainError} as runBlueprintCommand() and choosePod(); what came is then not the whole database
 */
export async function runDump(api: KubeApi, database: Database, output: ByteSink, options: OperationOptions): Promise<OperationResult> {
  return run(api, database, "dump", { ...options, stdout: output });
}

/** @param dump What runDump() gave */
export async function runLoad(
  api: KubeApi,
  database: Database,
  dump: AsyncIterable<Uint8Array>,
  options: OperationOptions,
): Promise<OperationResult> {
  return run(api, database, "load", { ...options, stdin: dump });
}

/** @throws {DomainError} unavailable/blueprint_command: it is not sound, and why */
export async function runCheck(api: KubeApi, database: Database, options: OperationOptions): Promise<OperationResult> {
  return run(api, database, "check", options);
}

export async function runMask(api: KubeApi, database: Database, options: OperationOptions): Promise<OperationResult> {
  return run(api, database, "mask", options);
}

async function run(
  api: KubeApi,
  database: Database,
  operation: Operation,
  options: Omit<CommandOptions, "action">,
): Promise<OperationResult> {
  const { blueprint, namespace, container } = database;
  const action = `${operation} ${describeDatabase(database)}`;
  const command = commandOf(blueprint, operation);
  if (command === undefined) {
    const state = `blueprint "${blueprintName(database)}" does not say how`;
    throw new DomainError("unsupported", "blueprint_operation", `Cannot ${action}: ${state}`);
  }
  const { name: pod } = await choosePod(api, database, options);
  await runBlueprintCommand(api, { namespace, pod, container }, command, { ...options, action });
  return { pod };
}

function commandOf(blueprint: Blueprint | undefined, operation: Operation): BlueprintCommand | undefined {
  return blueprint?.[operation];
}
