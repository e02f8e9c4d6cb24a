/** References gathered: each target once, with the reasons and a few of those that have them. */
import { type ObjectId, keyOf } from "../../kube/object-id.ts";
import type { Reference } from "../references/reference.ts";
import type { Dependency } from "../unit.ts";

/** As many as tell a person where to look. */
const MAX_OF = 5;

interface Need {
  readonly id: ObjectId;
  readonly of: ObjectId[];
  readonly why: string;
}

export class Needs {
  readonly #needs = new Map<string, Need>();

  /** The first reason counts. */
  add({ id, why }: Reference, of: ObjectId): void {
    const key = keyOf(id);
    const need = this.#needs.get(key);
    if (need === undefined) this.#needs.set(key, { id, of: [of], why });
    else if (need.of.length < MAX_OF && keyOf(need.of.at(-1) ?? id) !== keyOf(of)) need.of.push(of);
  }

  has(id: ObjectId): boolean {
    return this.#needs.has(keyOf(id));
  }

  all(): readonly Dependency[] {
    return [...this.#needs.values()];
  }
}
