/** How the objects of a point are made ready for where they go, as the options of a restore say. */
import { DomainError } from "../base/errors.ts";
import { listIn, objectIn, textIn } from "../kube/json.ts";
import { keyOf } from "../kube/object-id.ts";
import type { PointUnit } from "../point/description.ts";
import { forClone } from "./clone/for-clone.ts";
import type { PlanOptions } from "./plan/plan.ts";
import type { PointSource, Prepare } from "./point-source.ts";
import { prepare } from "./prepare/prepare.ts";
import { type ClaimTemplate, targetOf, type TargetOptions } from "./prepare/target.ts";
import { type Choice, Selection } from "./selection.ts";
import { compileTransforms } from "./transform/read-transforms.ts";

export interface PreparationRequest {
  readonly source: PointSource;
  readonly unit: PointUnit;
  readonly options: PlanOptions;
  /** The point was captured in the cluster that it is restored into. */
  readonly isSameCluster: boolean;
  readonly signal: AbortSignal;
}

export interface Preparation {
  readonly prepare: Prepare;
  /** Without the transforms: for objects that are looked at only. */
  readonly plain: Prepare;
  /** Once all objects were prepared. @throws {DomainError} usage/transform_unmatched */
  readonly assertUsed: () => void;
}

/**
 * @throws {DomainError} usage/restore_namespaces: several namespaces cannot become one
 * @throws {DomainError} usage/transform_file
 */
export async function preparation({ source, unit, options, isSameCluster, signal }: PreparationRequest): Promise<Preparation> {
  const { toNamespace, namePrefix, storageClasses, clone, transform } = options;
  const target = targetOf({
    isSameCluster,
    ...(toNamespace === undefined ? {} : { namespaces: renamed(unit, toNamespace) }),
    ...(storageClasses === undefined ? {} : { storageClasses: new Map(Object.entries(storageClasses)) }),
    ...(namePrefix === undefined ? {} : { namePrefix, ...(await restoredNames(source, options, signal)) }),
  });
  const plain: Prepare = (object) => {
    const prepared = prepare(object, target);
    return clone === undefined || prepared.kind === "left-out" ? prepared : forClone(prepared, clone);
  };
  if (transform === undefined) return { prepare: plain, plain, assertUsed: () => undefined };
  const transforms = compileTransforms(transform.text, transform.file);
  return {
    plain,
    prepare(captured) {
      const prepared = plain(captured);
      if (prepared.kind === "left-out") return prepared;
      const { object, steps } = transforms.apply(prepared.object);
      return steps.length === 0
        ? prepared
        : { ...prepared, object, transforms: [...(prepared.transforms ?? []), ...steps.map(({ name }) => name)] };
    },
    assertUsed: () => transforms.assertMatched(),
  };
}

function renamed({ kind, name, namespaces }: PointUnit, toNamespace: string): ReadonlyMap<string, string> {
  const [only, ...others] = namespaces;
  if (only !== undefined && others.length === 0) return new Map([[only, toNamespace]]);
  const state = kind === "cluster" ? "it is in none" : `it is in ${namespaces.length}`;
  throw new DomainError("usage", "restore_namespaces", `Cannot restore "${name}" into namespace "${toNamespace}": ${state}`, {
    hint: "Leave out --to-namespace",
  });
}

/** Only what comes along gets another name; what is referred to and stays where it is keeps its own. */
async function restoredNames(
  source: PointSource,
  choice: Choice,
  signal: AbortSignal,
): Promise<Required<Pick<TargetOptions, "claimTemplates" | "isRestored">>> {
  const selection = new Selection(choice);
  const shared = new Set(source.dependencies.map(({ id }) => keyOf(id)));
  const restored = new Set<string>();
  const claimTemplates: ClaimTemplate[] = [];
  for (const resource of source.resources) {
    const { group, kind } = resource;
    for await (const { object, namespace, name } of source.objects(resource, signal)) {
      const key = keyOf({ group, kind, namespace, name });
      if (!selection.includes(kind, name) || shared.has(key)) continue;
      restored.add(key);
      if (group !== "apps" || kind !== "StatefulSet" || namespace === undefined) continue;
      for (const template of listIn(objectIn(object, "spec"), "volumeClaimTemplates")) {
        claimTemplates.push({ namespace, template: textIn(objectIn(template, "metadata"), "name") ?? "", statefulSet: name });
      }
    }
  }
  return { isRestored: (id) => restored.has(keyOf(id)), claimTemplates };
}
