/** `holdfast point diff` */
import type { Command } from "commander";
import { MembershipRules } from "../../application/membership.ts";
import type { DeclaredUnit, Unit } from "../../application/unit.ts";
import { DomainError } from "../../base/errors.ts";
import { identifyCluster } from "../../capture/cluster-identity.ts";
import { discover } from "../../kube/discovery.ts";
import { objectIn } from "../../kube/json.ts";
import { type ObjectId, shortId } from "../../kube/object-id.ts";
import type { PointDescription } from "../../point/description.ts";
import { changeLines } from "../../point/diff/change-lines.ts";
import type { ObjectDifference } from "../../point/diff/compare-objects.ts";
import { comparePoints, comparePointWith, type PointDiffOptions } from "../../point/diff/compare-points.ts";
import type { View } from "../../point/diff/object-digests.ts";
import type { RestorePoint } from "../../point/restore-point.ts";
import { prepare } from "../../recover/prepare/prepare.ts";
import { targetOf } from "../../recover/prepare/target.ts";
import { differingLive } from "../captured-live.ts";
import { openCluster } from "../cluster-options.ts";
import type { CommandContext } from "../context.ts";
import { withPoint } from "../find-point.ts";
import { type LocationRun, runOnLocation } from "../location-run.ts";
import { counted, shownText } from "../shown.ts";
import { ResultStream } from "../text-stream.ts";
import { readDeclaredUnits } from "../unit-options.ts";

export interface PointDiffGiven {
  readonly all?: boolean;
  readonly exitCode?: boolean;
  readonly units?: string;
}

type Differences = AsyncIterable<ObjectDifference>;

const LIVE = "live";
const COLUMNS = 80;
const INDENT = "    ";
const SIGNS: Readonly<Record<ObjectDifference["what"], string>> = { added: "+", removed: "-", changed: "~" };

/** @throws {DomainError} conflict/point_differs: with --exit-code, after the result */
export async function pointDiff(
  before: string,
  after: string,
  given: PointDiffGiven,
  command: Command,
  context: CommandContext,
): Promise<void> {
  const { all: isAll = false, exitCode = false } = given;
  const options = { isAll, view: isAll ? whole : restored };
  await runOnLocation(command, context, async (run) => {
    await withPoint(run, before, async (point) => {
      const write = async (differences: Differences, name: string): Promise<void> => {
        const count = await writeDifferences(differences, run);
        if (exitCode && count > 0) throw differs(point, name, count);
      };
      if (after === LIVE) await write(diffLive(point, given, options, command, run), "its application as it is now");
      else
        await withPoint(run, after, async (other) => write(comparePoints(point, other, options), `restore point ${other.description.id}`));
    });
  });
}

const whole: View = ({ object }) => object;

/** What a restore brings. All else comes and goes, or a server gives it, such as addresses: nobody wished for it. */
const restored: View = (captured) => {
  const prepared = prepare(captured, SAME_PLACE);
  if (prepared.kind !== "object") return undefined;
  const { ownerReferences } = objectIn(captured.object, "metadata");
  const { object } = prepared;
  return ownerReferences === undefined ? object : { ...object, metadata: { ...objectIn(object, "metadata"), ownerReferences } };
};
const SAME_PLACE = targetOf({ isSameCluster: true });

async function* diffLive(
  point: RestorePoint,
  { units }: PointDiffGiven,
  options: PointDiffOptions,
  command: Command,
  { context, report, display }: LocationRun,
): AsyncGenerator<ObjectDifference, void, undefined> {
  const { signal } = context;
  const { description } = point;
  await using api = await openCluster(command, context);
  const [table, cluster, declared] = await Promise.all([
    discover(api, signal),
    identifyCluster(api, signal),
    readDeclaredUnits(units, signal),
  ]);
  if (cluster.id !== description.cluster.id) {
    const message = `Restore point ${description.id} was captured in another cluster, "${description.cluster.name}"`;
    report({ grade: "info", code: "other_cluster", object: description.cluster.name, message });
  }
  const rules = await MembershipRules.load(api, table, declared, signal);
  const unit = liveUnit(description, declared);
  const capture = { api, table, rules, unit, allowPartial: false, report, progress: display.sink, signal };
  yield* comparePointWith(point, (digests) => differingLive(digests, capture), options);
}

/** @throws {DomainError} usage/unit_undeclared */
function liveUnit({ unit: { kind, name } }: PointDescription, declared: readonly DeclaredUnit[]): Unit {
  if (kind === "namespace") return { kind, name };
  if (kind === "cluster") return { kind, name: "cluster" };
  const unit = declared.find((one) => one.name === name);
  if (unit !== undefined) return unit;
  throw new DomainError(
    "usage",
    "unit_undeclared",
    `Cannot compare with application "${name}": it is declared in a file, and that is not given`,
    {
      hint: "Name the file with --units",
    },
  );
}

/** @returns how many there are */
async function writeDifferences(differences: Differences, { context, format }: LocationRun): Promise<number> {
  const counts = { added: 0, removed: 0, changed: 0 };
  await using output = new ResultStream(context);
  for await (const difference of differences) {
    counts[difference.what]++;
    if (format === "json") await output.line(JSON.stringify({ difference: json(difference) }));
    else for (const line of lines(difference)) await output.line(line);
  }
  const { added, removed, changed } = counts;
  const count = added + removed + changed;
  if (format === "json") await output.line(JSON.stringify({ summary: counts }));
  else if (count === 0) await output.line("Nothing differs");
  else await output.line(`\n${counted(added, "object")} added, ${removed} removed, ${changed} changed`);
  return count;
}

function json({ what, id, changes }: ObjectDifference): unknown {
  return { what, ...id, ...(what === "changed" ? { changes } : {}) };
}

function lines({ what, id, changes }: ObjectDifference): readonly string[] {
  return [
    shownText(`${SIGNS[what]} ${placeOf(id)}`),
    ...changeLines(changes, { width: COLUMNS - INDENT.length }).map((line) => `${INDENT}${line}`),
  ];
}

function placeOf(id: ObjectId): string {
  return id.namespace === undefined ? shortId(id) : `${shortId(id)} in namespace ${id.namespace}`;
}

function differs({ description }: RestorePoint, other: string, count: number): DomainError {
  const verb = count === 1 ? "differs" : "differ";
  return new DomainError(
    "conflict",
    "point_differs",
    `${counted(count, "object")} ${verb} between restore point ${description.id} and ${other}`,
  );
}
