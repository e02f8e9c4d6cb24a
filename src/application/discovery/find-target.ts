/** Which application a person means by a name. */
import { DomainError } from "../../base/errors.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import type { MembershipRules } from "../membership.ts";
import type { DeclaredUnit, Unit } from "../unit.ts";
import type { View } from "../views/view.ts";
import { discoverUnits, hasNamespace } from "./discover.ts";
import type { SurveyOptions } from "./survey.ts";

export interface Target {
  /** Of a view: the unit that it is a part of. */
  readonly unit: Unit;
  readonly view: View | undefined;
}

/** As many as a person reads. */
const MAX_NAMES = 8;

/**
 * A name alone means a unit rather than an application found inside of one; with a namespace it is the other way round. `helm/shop`
 * says by which mark it is to be found; units are `namespace/shop`, `declared/shop` and `cluster/cluster`.
 *
 * @throws {DomainError} usage/app_ambiguous
 * @throws {DomainError} not-found/app_not_found
 */
export async function findTarget(
  api: KubeApi,
  rules: MembershipRules,
  declared: readonly DeclaredUnit[],
  name: string,
  options: SurveyOptions,
): Promise<Target> {
  if (options.namespace === undefined) {
    const unit = await onlyUnit(api, declared, name, options.signal);
    if (unit !== undefined) return { unit, view: undefined };
  }
  const units = await discoverUnits(api, rules, declared, options);
  const found = units.map(({ unit }): Target => ({ unit, view: undefined }));
  for (const { unit, views } of units) found.push(...views.map(({ view }) => ({ unit, view })));
  return choose(found, name, options);
}

function choose(all: readonly Target[], name: string, options: SurveyOptions): Target {
  const meant = all.filter((target) => nameOf(target) === name || qualifiedName(target) === name);
  const isUnit = ({ view }: Target): boolean => (view === undefined) === (options.namespace === undefined);
  const preferred = meant.filter(isUnit);
  const found = preferred.length > 0 ? preferred : meant;
  const [first] = found;
  if (first === undefined) throw notFound(name, all, options);
  if (found.length === 1) return first;
  const named = found.map((target) => `"${described(target)}"`).slice(0, MAX_NAMES);
  throw new DomainError("usage", "app_ambiguous", `Cannot tell which application "${name}" is: there are ${named.join(", ")}`, {
    hint: 'Name it as in "helm/shop", and its namespace with --namespace',
  });
}

/** The unit of that name if it is the only one: the rest of the cluster need not be looked at. */
async function onlyUnit(
  api: KubeApi,
  declared: readonly DeclaredUnit[],
  name: string,
  signal: AbortSignal | undefined,
): Promise<Unit | undefined> {
  const units: Unit[] = declared.filter((unit) => unit.name === name);
  if (name === "cluster") units.push({ kind: "cluster", name });
  if (!name.includes("/") && (await hasNamespace(api, name, signal))) units.push({ kind: "namespace", name });
  return units.length === 1 ? units[0] : undefined;
}

function nameOf({ unit, view }: Target): string {
  return view?.name ?? unit.name;
}

function qualifiedName({ unit, view }: Target): string {
  return `${view?.foundBy ?? unit.kind}/${nameOf({ unit, view })}`;
}

/** As one would name it: `helm/shop --namespace web`. */
function described(target: Target): string {
  return `${qualifiedName(target)}${target.view === undefined ? "" : ` --namespace ${target.view.namespace}`}`;
}

function notFound(name: string, all: readonly Target[], { namespace }: SurveyOptions): DomainError {
  const where = namespace === undefined ? "the cluster" : `namespace "${namespace}"`;
  const last = name.slice(name.indexOf("/") + 1).toLowerCase();
  const similar = all
    .filter((target) => nameOf(target).includes(last) || last.includes(nameOf(target)))
    .map((target) => `"${described(target)}"`);
  const hint =
    similar.length === 0 ? 'Run "holdfast app list" to see what there is' : `Did you mean ${similar.slice(0, MAX_NAMES).join(", ")}?`;
  return new DomainError("not-found", "app_not_found", `Cannot find application "${name}": ${where} has none of that name`, { hint });
}
