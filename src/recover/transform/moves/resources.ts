/** `resources: { container, requests, limits }`: what containers ask for. null takes one away, what is not named stays. */
import { compileName } from "../../../archive/name-pattern.ts";
import { byteStringOf } from "../../../base/byte-string.ts";
import type { Fields } from "../../../base/fields.ts";
import { type JsonObject, objectIn, textIn } from "../../../kube/json.ts";
import { hasField, jsonObjectOf } from "../json-fields.ts";
import { mergePatch } from "../merge-patch.ts";
import { inContainers, inPodSpecs, partsOf, type ReadMove } from "./move.ts";

/** Source: Kubernetes, `resource.Quantity`. */
const QUANTITY = /^\d+(?:\.\d*)?(?:[numkMGTPE]|[KMGTPE]i|[eE][+-]?\d+)?$/;

export const resources: ReadMove = (fields, name) => {
  const move = partsOf(fields, name, ["container", "requests", "limits"]);
  const isMeant = compileName(byteStringOf(move.text("container") ?? "*"));
  if (isMeant === undefined) throw move.refusal("container", "is no pattern");
  const amounts = Object.fromEntries(
    ["requests", "limits"].filter((kind) => hasField(move, kind)).map((kind) => [kind, amountsOf(move, kind)]),
  );
  if (Object.keys(amounts).length === 0) throw fields.refusal(name, "has neither requests nor limits");
  return (object) =>
    inPodSpecs(object, (spec) =>
      inContainers(spec, (container) =>
        isMeant(textIn(container, "name") ?? "")
          ? { ...container, resources: mergePatch(objectIn(container, "resources"), amounts) }
          : undefined,
      ),
    );
};

function amountsOf(fields: Fields, kind: string): JsonObject {
  const amounts = jsonObjectOf(fields, kind);
  for (const [resource, amount] of Object.entries(amounts)) {
    const text = typeof amount === "number" ? String(amount) : amount;
    if (text !== null && (typeof text !== "string" || !QUANTITY.test(text)))
      throw fields.refusal(`${kind}.${resource}`, "is no quantity, as in 250m or 1Gi");
  }
  return amounts;
}
