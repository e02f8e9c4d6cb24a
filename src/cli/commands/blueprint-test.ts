/** `holdfast blueprint test` */
import type { Command } from "commander";
import { asDomainError, DomainError } from "../../base/errors.ts";
import type { FindingSink } from "../../base/finding.ts";
import { blueprintName, type Database, describeDatabase, sessionCommandOf } from "../../blueprint/database.ts";
import { findDatabases } from "../../blueprint/find-databases.ts";
import { readLibrary } from "../../blueprint/library.ts";
import { runCheck } from "../../blueprint/operations.ts";
import { preflightDatabase } from "../../blueprint/preflight.ts";
import { openQuiesce } from "../../blueprint/quiesce.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import type { BlueprintsOption } from "../blueprint-options.ts";
import { runOnCluster } from "../cluster-run.ts";
import type { CommandContext } from "../context.ts";
import { formatElapsed } from "../duration.ts";
import { writeResult } from "../output.ts";
import { shownText } from "../shown.ts";
import { type Column, formatTable } from "../table.ts";

export interface BlueprintTestOptions extends BlueprintsOption {
  readonly quiesce?: true;
  readonly only?: string;
}

interface Tested {
  readonly database: Database;
  /** `can be quiesced`, or what became of it. */
  readonly result: string;
  readonly heldMs?: number;
}

const LIMIT_MS = 10_000;
const COLUMNS: readonly Column[] = [
  { title: "Workload" },
  { title: "Blueprint" },
  { title: "Tested with" },
  { title: "Claims" },
  { title: "Result" },
];

export async function blueprintTest(
  namespace: string,
  given: BlueprintTestOptions,
  command: Command,
  context: CommandContext,
): Promise<void> {
  const { signal } = context;
  const blueprints = await readLibrary(given.blueprints, signal);
  await runOnCluster(command, context, async ({ api, format, report, findings }) => {
    const found = await findDatabases(api, namespace, { blueprints, report, signal });
    const databases = found.filter(({ workload }) => given.only === undefined || workload === given.only);
    if (databases.length === 0 && findings.length === 0) {
      const what = given.only === undefined ? "a database" : `"${given.only}"`;
      throw new DomainError(
        "not-found",
        "database_unknown",
        `Cannot find ${what} in namespace "${namespace}": nothing there looks like it`,
        {
          hint: 'A pod or its workload is made one by the annotation "holdfast.dev/blueprint: NAME"; "holdfast blueprint list" has the names',
        },
      );
    }
    const tested: Tested[] = [];
    for (const database of databases) tested.push(await testDatabase(api, database, given.quiesce === true, { context, report }));
    writeResult(context, format, { databases: tested.map(json), findings }, () => formatTable(COLUMNS, tested.map(row)));
  });
}

interface Surroundings {
  readonly context: CommandContext;
  readonly report: FindingSink;
}

async function testDatabase(api: KubeApi, database: Database, isQuiesced: boolean, { context, report }: Surroundings): Promise<Tested> {
  const { clock, signal } = context;
  const options = { clock, signal };
  if (sessionCommandOf(database) === undefined) return { database, result: "is not quiesced" };
  try {
    await preflightDatabase(api, database, options);
    if (!isQuiesced) return { database, result: "can be quiesced" };
    const quiesced = await openQuiesce(api, database, { limitMs: LIMIT_MS, ...options, report });
    if (quiesced === undefined) return { database, result: "was not quiesced" };
    const { result, heldMs } = await quiesced.release();
    if (result !== "held") return { database, result: "did not stay quiesced", heldMs };
    if (database.blueprint?.check !== undefined) await runCheck(api, database, options);
    return { database, result: `was quiesced for ${formatElapsed(heldMs)}`, heldMs };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof DomainError)) throw error;
    const { code, message } = asDomainError(error);
    report({ grade: "partial", code, object: describeDatabase(database), message });
    return { database, result: "cannot be quiesced" };
  }
}

function json({ database, result, heldMs }: Tested): unknown {
  const { namespace, workload, pods, container, claims, blueprint } = database;
  const shown = { namespace, workload, blueprint: blueprintName(database), tested: blueprint?.tested ?? null, container, claims };
  return { ...shown, pods: pods.map(({ name }) => name), result, ...(heldMs === undefined ? {} : { heldMs }) };
}

function row({ database, result }: Tested): readonly string[] {
  const { workload, claims, blueprint } = database;
  return [workload, blueprintName(database), blueprint === undefined ? "" : (blueprint.tested ?? "untested"), claims.join(","), result].map(
    shownText,
  );
}
