/** Which pod of a database is asked. Replicas change their roles, so this is found out when it is needed. */
import type { Clock } from "../base/clock.ts";
import { mapConcurrent } from "../base/concurrency.ts";
import { asDomainError, DomainError } from "../base/errors.ts";
import type { KubeApi } from "../kube/kube-api.ts";
import { type Database, type DatabasePod, describeDatabase } from "./database.ts";
import { OutputText, runBlueprintCommand } from "./run-command.ts";

const AT_ONCE = 4;
const MAX_ROLE_BYTES = 100;

export type ChosenPods = readonly [DatabasePod, ...DatabasePod[]];

export interface ChooseOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** The first of choosePods(). */
export async function choosePod(api: KubeApi, database: Database, options: ChooseOptions): Promise<DatabasePod> {
  const [first] = await choosePods(api, database, options);
  return first;
}

/**
 * All that have the role: the shards of one workload have a primary each. Without a role the first one that is ready.
 *
 * @throws {DomainError} unavailable/database_not_ready: none is ready, or none has the role
 */
export async function choosePods(api: KubeApi, database: Database, { clock, signal }: ChooseOptions): Promise<ChosenPods> {
  const { blueprint, namespace, container } = database;
  const of = describeDatabase(database);
  const ready = readyPods(database);
  const [first] = ready;
  const choice = blueprint?.replica;
  if (choice === undefined) return [first];
  const refusals: DomainError[] = [];
  const roles = await mapConcurrent(ready, { limit: AT_ONCE, signal }, async ({ name: pod }, inner) => {
    const output = new OutputText(MAX_ROLE_BYTES);
    const options = { action: `ask pod "${pod}" of ${of} for its role`, clock, signal: inner, stdout: output.sink };
    try {
      await runBlueprintCommand(api, { namespace, pod, container }, choice, options);
    } catch (error) {
      inner.throwIfAborted();
      refusals.push(asDomainError(error));
    }
    return output.text;
  });
  const [chosen, ...others] = ready.filter((_pod, index) => roles[index] === choice.role);
  if (chosen !== undefined) return [chosen, ...others];
  const [refusal] = refusals;
  if (refusal !== undefined) throw refusal;
  throw new DomainError("unavailable", "database_not_ready", `Cannot ask ${of}: none of its pods is the ${choice.role}`);
}

/** @throws {DomainError} unavailable/database_not_ready */
export function readyPods(database: Database): ChosenPods {
  const [first, ...others] = database.pods.filter(({ isReady }) => isReady);
  if (first !== undefined) return [first, ...others];
  throw new DomainError("unavailable", "database_not_ready", `Cannot ask ${describeDatabase(database)}: none of its pods is ready`);
}
