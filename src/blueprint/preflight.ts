/** Whether a database could be quiesced, found out before anything is changed: what it needs is there, and it is let in. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../base/clock.ts";
import { DomainError } from "../base/errors.ts";
import type { KubeApi } from "../kube/kube-api.ts";
import { type ExecTarget } from "../kube/streams/exec.ts";
import { choosePod, readyPods } from "./choose-pod.ts";
import { type Database, describeDatabase, sessionCommandOf } from "./database.ts";
import { OutputText, runBlueprintCommand } from "./run-command.ts";
import { HOOK_PROGRAMS } from "./hook-session.ts";

const TIMEOUT_MS = 30_000;
const MAX_OUTPUT_BYTES = 16 * 1024;

/**
 * @throws {DomainError} unsupported/quiesce_impossible: with what is missing, and what to do
 * @throws {DomainError} unavailable/database_not_ready: nobody could be asked
 */
export async function preflightDatabase(
  api: KubeApi,
  database: Database,
  options: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<void> {
  const { blueprint, hooks, namespace, container } = database;
  const of = describeDatabase(database);
  if (sessionCommandOf(database) === undefined) return;
  // The first one that is ready tells what is in the image; roles are asked by what may be missing.
  const [{ name: first }] = readyPods(database);
  await requirePrograms(api, { namespace, pod: first, container }, database, options);
  if (hooks !== undefined || blueprint?.preflight === undefined) return;
  const action = `quiesce ${of}`;
  try {
    const { name: pod } = await choosePod(api, database, options);
    await runBlueprintCommand(api, { namespace, pod, container }, blueprint.preflight, { action, ...options });
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== "blueprint_command") throw error;
    throw impossible(error.message, database);
  }
}

async function requirePrograms(
  api: KubeApi,
  target: ExecTarget,
  database: Database,
  options: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<void> {
  const of = describeDatabase(database);
  const script = await readFile(join(import.meta.dirname, "preflight.sh"), "utf8");
  const output = new OutputText(MAX_OUTPUT_BYTES);
  const command = ["sh", "-c", script, "holdfast", ...programsOf(database)];
  try {
    await runBlueprintCommand(
      api,
      target,
      { command, timeoutMs: TIMEOUT_MS },
      { action: `quiesce ${of}`, ...options, stdout: output.sink },
    );
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== "kube_exec") throw error;
    throw impossible(`Cannot quiesce ${of}: there is no "sh" in container "${target.container}"`, database);
  }
  const lines = output.text.split("\n");
  const named = (word: string): readonly string[] =>
    lines.filter((line) => line.startsWith(`${word} `)).map((line) => `"${line.slice(word.length + 1)}"`);
  const [missing, lacking] = [named("missing"), named("rights")];
  if (missing.length > 0) {
    throw impossible(`Cannot quiesce ${of}: ${missing.join(", ")} cannot be found in container "${target.container}"`, database);
  }
  if (lacking.length > 0) {
    const message = `Cannot quiesce ${of}: container "${target.container}" has no right to ${lacking.join(", ")}, which needs CAP_SYS_ADMIN`;
    throw impossible(message, database);
  }
}

function programsOf({ blueprint, hooks, hookPrograms }: Database): readonly string[] {
  return hooks === undefined ? (blueprint?.needs ?? []) : [...HOOK_PROGRAMS, ...hookPrograms];
}

function impossible(message: string, { hooks }: Database): DomainError {
  const hint =
    hooks === undefined
      ? 'Write a blueprint that fits the container and name it with --blueprints, or annotate the pod with "holdfast.dev/blueprint: none"'
      : 'Name a container that has it in the annotation "holdfast.dev/hook-container", or take the annotations away';
  return new DomainError("unsupported", "quiesce_impossible", message, { hint });
}
