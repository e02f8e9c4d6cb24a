/** A point as a copy sees it: with one more object, the policy that shuts it in. */
import type { PointSource } from "../point-source.ts";
import type { CapturedResource, PointUnit } from "../../point/description.ts";
import type { CloneOptions } from "./clone-options.ts";
import { egressPolicy, POLICIES, POLICY_NAME } from "./egress.ts";

/** @throws {DomainError} usage/clone_egress */
export function cloneSource(source: PointSource, { namespaces }: PointUnit, { openEgress }: CloneOptions): PointSource {
  const policies = namespaces.map((namespace) => egressPolicy(namespace, openEgress));
  const captured = source.resources.find(isPolicies);
  const resource = { ...POLICIES, ...captured, count: (captured?.count ?? 0) + policies.length };
  return {
    ...source,
    resources: [...source.resources.filter((other) => other !== captured), resource],
    async *objects(wanted, signal) {
      if (!isPolicies(wanted)) {
        yield* source.objects(wanted, signal);
        return;
      }
      if (captured !== undefined) {
        for await (const object of source.objects(wanted, signal)) if (object.name !== POLICY_NAME) yield object;
      }
      yield* policies;
    },
  };
}

function isPolicies({ group, version, plural }: Pick<CapturedResource, "group" | "plural" | "version">): boolean {
  return group === POLICIES.group && version === POLICIES.version && plural === POLICIES.plural;
}
