/** References gathered: each target once, with the reasons and a few of those that have them. */
import { keyOf, type ObjectId } from "../../kube/object-id.ts";
import type { Reference } from "../references/reference.ts";
import type { Dependency } from "../unit.ts";

/** As many as tell a person where to look. */
const MAX_OF = 5;

interface Need {
  readonly id: ObjectId;
  readonly of: ObjectId[];
  /** Children of controllers: they need what their owner has told them to. */
  readonly ofChildren: ObjectId[];
  readonly why: string;
}

export class Needs {
  readonly #needs = new Map<string, Need>();

  /** The first reason counts. */
  add({ id, why }: Reference, of: ObjectId, isChild = false): void {
    const key = keyOf(id);
    const need = this.#needs.get(key) ?? { id, of: [], ofChildren: [], why };
    this.#needs.set(key, need);
    const list = isChild ? need.ofChildren : need.of;
    const last = list.at(-1);
    if (list.length < MAX_OF && (last === undefined || keyOf(last) !== keyOf(of))) list.push(of);
  }

  all(): readonly Dependency[] {
    return Array.from(this.#needs.values(), ({ id, of, ofChildren, why }) => ({ id, why, of: [...of, ...ofChildren].slice(0, MAX_OF) }));
  }
}
