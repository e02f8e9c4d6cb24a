/** `replicas: 1`: so many pods, of whatever has a number of them. */
import { at } from "../../prepare/edit.ts";
import { inAny, type ReadMove } from "./move.ts";

const REPLICAS = [at("spec.replicas")];

export const replicas: ReadMove = (fields, name) => {
  const count = fields.raw(name);
  if (typeof count !== "number" || !Number.isSafeInteger(count) || count < 0) throw fields.refusal(name, "is no number of pods");
  return (object) => inAny(object, REPLICAS, (present) => (typeof present === "number" ? count : undefined));
};
