/** An Application object of Kubernetes' sig-apps (app.k8s.io/v1beta1): it names its members by a selector and by kinds. */
import { type JsonObject, listIn, objectIn, textIn } from "../../kube/json.ts";
import { matches, type Selector, selectorOf } from "../selector.ts";
import type { ObjectFacts } from "./object-facts.ts";

export const SIGS_GROUP = "app.k8s.io";
export const SIGS_KIND = "Application";

export interface SigsApplication {
  readonly name: string;
  /** undefined: it says nothing that could be understood, and has no members but itself. */
  readonly selector: Selector | undefined;
  /** As `apps Deployment`; none: of every kind. */
  readonly kinds: ReadonlySet<string>;
}

export function sigsApplication(object: JsonObject): SigsApplication {
  const spec = objectIn(object, "spec");
  const kinds = listIn(spec, "componentKinds").map((kind) => `${groupIn(textIn(kind, "group"))} ${textIn(kind, "kind") ?? ""}`);
  return {
    name: textIn(objectIn(object, "metadata"), "name") ?? "",
    selector: selectorOf(objectIn(spec, "selector")),
    kinds: new Set(kinds),
  };
}

/** The name of the first of them that has the object, itself included. */
export function applicationOf(applications: readonly SigsApplication[], { id, labels }: ObjectFacts): string | undefined {
  if (id.group === SIGS_GROUP && id.kind === SIGS_KIND) return id.name;
  const kind = `${id.group} ${id.kind}`;
  return applications.find(
    ({ selector, kinds }) => selector !== undefined && (kinds.size === 0 || kinds.has(kind)) && matches(selector, labels),
  )?.name;
}

/** Some write `core`, and some the version, too. */
function groupIn(group = ""): string {
  const [name = ""] = group.split("/");
  return name === "core" || name === "v1" ? "" : name;
}
