/** What is going to be done about the volumes and databases of a unit, before anything is. */
import { DomainError } from "../../base/errors.ts";
import type { Finding, FindingSink } from "../../base/finding.ts";
import { namespacesOf } from "../../application/unit.ts";
import type { Blueprint } from "../../blueprint/blueprint.ts";
import { blueprintName, type Database, describeDatabase } from "../../blueprint/database.ts";
import { preflightDatabase } from "../../blueprint/preflight.ts";
import { recogniseDatabases } from "../../blueprint/recognise.ts";
import type { JsonObject } from "../../kube/json.ts";
import { type ClaimFacts, claimName } from "./claim-facts.ts";
import { inlineVolumes } from "./inline-volumes.ts";
import { type CutPlan, planCuts } from "./plan-groups.ts";
import { type DatabaseVolumes, type PlannedVolume, type PlanOptions, planVolumes, type VolumeProblem } from "./plan-volumes.ts";
import { requireClasses } from "./snapshot-classes.ts";
import { listAll, NO_VOLUMES, type Survey, type SurveyOptions, surveyVolumes } from "./survey.ts";

export interface CapturePlan {
  readonly claims: readonly ClaimFacts[];
  readonly volumes: readonly PlannedVolume[];
  readonly cuts: CutPlan;
  /** All that were recognised. */
  readonly recognised: readonly Database[];
  /** Those that are held still while their volumes are cut. */
  readonly databases: readonly Database[];
  /** Those of which a dump is taken. */
  readonly dumps: readonly Database[];
  /** What is left out, and what is not as it was asked for. */
  readonly findings: readonly Finding[];
}

export interface CapturePlanOptions extends SurveyOptions, PlanOptions {
  readonly blueprints: readonly Blueprint[];
  /** A volume that cannot be captured is left out, and makes the point partial. */
  readonly allowPartial: boolean;
}

const OWNERS = ["deployments", "replicasets", "statefulsets", "daemonsets"].map((plural) => ({
  group: "apps",
  version: "v1",
  plural,
  kind: { deployments: "Deployment", replicasets: "ReplicaSet", statefulsets: "StatefulSet", daemonsets: "DaemonSet" }[plural] ?? "",
}));

/**
 * @throws {DomainError} unsupported and others: the first volume that cannot be captured, with all of them in its details
 * @throws {DomainError} usage/snapshot_class_missing, usage/snapshot_class_ambiguous
 */
export async function makeCapturePlan(options: CapturePlanOptions): Promise<CapturePlan> {
  const findings: Finding[] = [];
  const report: FindingSink = (finding) => void findings.push(finding);
  const survey = await surveyVolumes(options).catch((error: unknown) => unseen(error, options, report));
  requireClasses([...survey.storage.snapshotClasses, ...survey.groupClasses], survey.claims.length === 0 ? [] : options.snapshotClasses);
  const isOfUnit = ({ namespace, claims, hooks }: Database): boolean =>
    claims.length === 0 ? hooks !== undefined : survey.claims.some((claim) => claim.namespace === namespace && claims.includes(claim.name));
  const recognised = survey.claims.length === 0 ? [] : (await recognise(survey, options, report)).filter(isOfUnit);
  const planned = planVolumes(survey.claims, survey.storage, recognised.map(databaseVolumes), options);
  const [first] = planned.problems;
  if (first !== undefined && !options.allowPartial) throw withAll(first.error, planned.problems);
  for (const { claim, error } of planned.problems) {
    report({ grade: "partial", code: error.code, object: `volume ${claimName(claim)}`, message: error.message });
  }
  const { membership } = options.rules.scopeOf(options.unit);
  const isMember = (pod: JsonObject): boolean => ["child", "own"].includes(membership(pod).kind);
  for (const finding of [...planned.findings, ...inlineVolumes(survey.pods.filter(isMember))]) report(finding);
  const { volumes } = planned;
  const methodsOf = (database: Database): readonly string[] =>
    volumes
      .filter(({ claim }) => database.claims.some((name) => claimName(claim) === `${database.namespace}/${name}`))
      .map(({ method }) => method);
  // What has no volumes is held still for those of others.
  const databases = recognised.filter((database) =>
    database.claims.length === 0 ? volumes.some(({ method }) => method === "snapshot") : methodsOf(database).includes("snapshot"),
  );
  return {
    claims: survey.claims,
    volumes,
    cuts: planCuts(volumes, survey.groupClasses, options.snapshotClasses),
    recognised,
    databases: await possible(databases, options, report),
    dumps: recognised.filter((database) => methodsOf(database).includes("stream")),
    findings,
  };
}

/** Who may not see the claims gets a point without volumes, if a partial one is wanted; that the claims are missing is told with the other objects. */
function unseen(error: unknown, { allowPartial }: CapturePlanOptions, report: FindingSink): Survey {
  if (!(error instanceof DomainError) || error.kind !== "forbidden") throw error;
  if (!allowPartial) {
    const hint = [error.hint, "or use --allow-partial to leave volumes out"].filter((part) => part !== undefined).join("; ");
    throw new DomainError(error.kind, error.code, error.message, { details: error.details, cause: error.cause, hint });
  }
  const message = `Cannot see which volumes there are, so none is in the point: ${error.message}`;
  report({ grade: "partial", code: "volumes_unseen", object: "volumes", message });
  return NO_VOLUMES;
}

/** Those that can be held still, as their containers say. @throws {DomainError} unsupported/quiesce_impossible */
async function possible(
  databases: readonly Database[],
  { api, allowPartial, signal }: CapturePlanOptions,
  report: FindingSink,
): Promise<readonly Database[]> {
  const checked = await Promise.all(
    databases.map(async (database) => {
      try {
        await preflightDatabase(api, database, { clock: api.clock, signal });
        return [database];
      } catch (error) {
        if (!(error instanceof DomainError)) throw error;
        // What passes is tried again when it counts, and is told of then.
        if (error.kind === "unavailable") return [database];
        if (error.kind === "cancelled" || !allowPartial) throw error;
        report({ grade: "partial", code: error.code, object: describeDatabase(database), message: error.message });
        return [];
      }
    }),
  );
  return checked.flat();
}

async function recognise(
  { pods }: Survey,
  { api, unit, blueprints, signal }: CapturePlanOptions,
  report: FindingSink,
): Promise<readonly Database[]> {
  const lists = namespacesOf(unit).flatMap((namespace) =>
    OWNERS.map((kind) => listAll(api, kind, { namespace, isMetadataOnly: true, signal })),
  );
  const owners: readonly JsonObject[] = (await Promise.all(lists)).flat();
  return recogniseDatabases(pods, { blueprints, owners, report });
}

function databaseVolumes(database: Database): DatabaseVolumes {
  const { namespace, claims, blueprint } = database;
  const dump = blueprint?.dump === undefined ? "never" : blueprint.dump.replacesVolumes ? "always" : "without-snapshots";
  return { blueprint: blueprintName(database), namespace, claims, dump };
}

function withAll(first: DomainError, problems: readonly VolumeProblem[]): DomainError {
  if (problems.length === 1) return first;
  const { kind, code, message, hint } = first;
  const others = problems.slice(1).map(({ error }) => error.message);
  return new DomainError(kind, code, `${message}; and ${problems.length - 1} more cannot be captured: ${others.join("; ")}`, {
    details: { problems: problems.map(({ claim, error }) => ({ claim: claimName(claim), code: error.code, message: error.message })) },
    ...(hint === undefined ? {} : { hint }),
  });
}
