/** What changed while the objects were listed, in words. */
import type { FindingSink } from "../base/finding.ts";
import { describe, type ResourceType } from "../kube/resource-type.ts";
import type { Change } from "./resource-list.ts";

/** Of one resource; the rest is a number. */
const MAX_NAMED = 20;

const WORDS: Readonly<Record<Change["how"], string>> = {
  appeared: "It came into being after its kind was listed, and is not in the point",
  changed: "It has changed since it was captured",
  disappeared: "It is gone since it was captured",
};

export function reportChanges(resource: ResourceType, changes: readonly Change[], report: FindingSink): void {
  for (const { namespace, name, how } of changes.slice(0, MAX_NAMED)) {
    report({ grade: "info", code: `object_${how}`, object: describe(resource, { namespace, name }), message: WORDS[how] });
  }
  const more = changes.length - MAX_NAMED;
  if (more <= 0) return;
  report({ grade: "info", code: "objects_changed", object: describe(resource, {}), message: `${more} more have changed meanwhile` });
}
