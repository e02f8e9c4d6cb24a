/** Which pod of a database is asked. Replicas change their roles, so this is found out when it is needed. */
import type { Clock } from "../base/clock.ts";
import { mapConcurrent } from "../base/concurrency.ts";
import { asDomainError, DomainError } from "../base/errors.ts";
import type { KubeApi } from "../kube/kube-api.ts";
import { type Database, type DatabasePod, describeDatabase } from "./database.ts";
import { OutputText, runBlueprintCommand } from "./run-command.ts";

const AT_ONCE = 4;
const MAX_ROLE_BYTES = 100;

export interface ChooseOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** @throws {DomainError} unavailable/database_not_ready: none is ready, or none has the role */
export async function choosePod(api: KubeApi, database: Database, { clock, signal }: ChooseOptions): Promise<DatabasePod> {
  const { blueprint, hooks, namespace, container, pods } = database;
  const of = describeDatabase(database);
  const ready = pods.filter(({ isReady }) => isReady);
  const [first] = ready;
  if (first === undefined) throw new DomainError("unavailable", "database_not_ready", `Cannot ask ${of}: none of its pods is ready`);
  const choice = blueprint?.replica;
  if (choice === undefined || (hooks !== undefined && ready.length === 1)) return first;
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
  const chosen = ready.find((_pod, index) => roles[index] === choice.role);
  if (chosen !== undefined) return chosen;
  const [refusal] = refusals;
  if (refusal !== undefined) throw refusal;
  throw new DomainError("unavailable", "database_not_ready", `Cannot ask ${of}: none of its pods is the ${choice.role}`);
}
