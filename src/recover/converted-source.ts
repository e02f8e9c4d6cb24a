/** A restore point as a target can read it: objects of APIs that it has no more are shown as those that came after. */
import type { Finding } from "../base/finding.ts";
import type { ResourceTable } from "../kube/resource-table.ts";
import { apiVersionOf, nameOf } from "../kube/resource-type.ts";
import type { CapturedResource } from "../point/description.ts";
import type { PointObject } from "../point/point-object.ts";
import type { PointSource } from "./point-source.ts";
import { type Conversion, conversionOf } from "./prepare/convert/conversions.ts";

export interface ConvertedResource {
  readonly captured: CapturedResource;
  readonly conversion: Conversion;
}

export interface ConvertedSource extends PointSource {
  readonly converted: readonly ConvertedResource[];
}

/** What the target serves, and what no rule is for, stays as it is. */
export function convertedSource(source: PointSource, table: Pick<ResourceTable, "resources">): ConvertedSource {
  const all = source.resources.flatMap((captured) => conversionFor(captured, table) ?? []);
  // Old servers served some objects in two groups: what the point has in the newer one it need not get from the older.
  const isThere = ({ to }: Conversion): boolean => source.resources.some((resource) => isSame(resource, to));
  const converted = all.filter(({ conversion }) => !isThere(conversion));
  return {
    ...source,
    converted,
    resources: source.resources.flatMap((resource) => {
      const conversion = all.find(({ captured }) => captured === resource)?.conversion;
      if (conversion === undefined) return [resource];
      return isThere(conversion) ? [] : [{ ...resource, ...conversion.to }];
    }),
    async *objects(resource, signal) {
      const rule = converted.find(({ conversion }) => isSame(conversion.to, resource));
      if (rule === undefined) yield* source.objects(resource, signal);
      else for await (const object of source.objects(rule.captured, signal)) yield asConverted(object, rule.conversion);
    },
  };
}

export function conversionFindings({ converted }: ConvertedSource): readonly Finding[] {
  return converted.map(({ captured, conversion: { name, to } }) => {
    const object = `${nameOf(captured)} of ${apiVersionOf(captured)}`;
    return { grade: "info", code: "converted", object, message: `${object} are restored as ${apiVersionOf(to)}, by the rule "${name}"` };
  });
}

type Named = Pick<CapturedResource, "group" | "plural" | "version">;

function conversionFor(captured: CapturedResource, { resources }: Pick<ResourceTable, "resources">): ConvertedResource | undefined {
  if (resources.some((served) => isSame(served, captured))) return undefined;
  const conversion = conversionOf(captured);
  if (conversion === undefined || !("convert" in conversion)) return undefined;
  return resources.some((served) => isSame(served, conversion.to)) ? { captured, conversion } : undefined;
}

function asConverted({ namespace, name, object }: PointObject, { to, convert }: Conversion): PointObject {
  return { resource: to, namespace, name, object: convert(object) };
}

function isSame(one: Named, other: Named): boolean {
  return one.group === other.group && one.version === other.version && one.plural === other.plural;
}
