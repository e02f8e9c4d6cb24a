/**
 * Named changes to objects while they are restored. They come last: what they see has the names that it gets at the target, and what
 * they make is what is created.
 */
import { DomainError } from "../../base/errors.ts";
import type { JsonObject } from "../../kube/json.ts";
import { describeId, idOfObject, keyOf } from "../../kube/object-id.ts";
import type { Move } from "./moves/move.ts";
import type { Selection } from "./select.ts";

export interface Transform {
  readonly name: string;
  readonly isSelected: Selection;
  /** In their order. */
  readonly moves: readonly Move[];
}

export interface Transformed {
  readonly object: JsonObject;
  /** Names of the transforms that were for it. */
  readonly matched: readonly string[];
  /** Those of them that changed something, and how it was before and after each. */
  readonly steps: readonly TransformStep[];
}

export interface TransformStep {
  readonly name: string;
  readonly before: JsonObject;
  readonly after: JsonObject;
}

export class TransformSet {
  readonly #file: string;
  readonly #transforms: readonly Transform[];
  readonly #matched = new Set<string>();

  constructor(file: string, transforms: readonly Transform[]) {
    this.#file = file;
    this.#transforms = transforms;
  }

  /**
   * All of them, one after the other.
   *
   * @throws {DomainError} usage/transform_failed: one cannot be done to this object, or makes another object of it
   */
  apply(object: JsonObject): Transformed {
    const steps: TransformStep[] = [];
    const matched: string[] = [];
    let current = object;
    for (const { name, isSelected, moves } of this.#transforms) {
      if (!isSelected(current)) continue;
      const moved = this.#moved(name, moves, current);
      if (moved === undefined) continue;
      matched.push(name);
      this.#matched.add(name);
      if (JSON.stringify(moved) !== JSON.stringify(current)) steps.push({ name, before: current, after: moved });
      current = moved;
    }
    return { object: current, matched, steps };
  }

  /** Names of those that were for none of the objects so far. */
  get unmatched(): readonly string[] {
    return this.#transforms.map(({ name }) => name).filter((name) => !this.#matched.has(name));
  }

  /**
   * To be asked when all objects have been seen: a transform that was for none is a mistake more often than not.
   *
   * @throws {DomainError} usage/transform_unmatched
   */
  assertMatched(): void {
    const [first, ...others] = this.unmatched;
    if (first === undefined) return;
    const names = [first, ...others].map((name) => `"${name}"`).join(", ");
    throw new DomainError(
      "usage",
      "transform_unmatched",
      `Cannot use transform file "${this.#file}": ${names} matches none of the objects`,
      {
        hint: 'Try it with "holdfast transform test"',
      },
    );
  }

  #moved(name: string, moves: readonly Move[], object: JsonObject): JsonObject | undefined {
    let isFor = false;
    let current = object;
    for (const move of moves) {
      const moved = this.#guarded(name, object, () => move(current));
      if (moved === undefined) continue;
      isFor = true;
      current = moved;
    }
    if (isIdentityKept(object, current)) return isFor ? current : undefined;
    throw this.#failure(name, object, "it makes another object of it", {
      hint: "Version, kind, name and namespace are for the options of a restore",
    });
  }

  #guarded<T>(name: string, object: JsonObject, work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw this.#failure(name, object, (error as Error).message);
    }
  }

  #failure(name: string, object: JsonObject, state: string, options: { readonly hint?: string } = {}): DomainError {
    const message = `Cannot apply transform "${name}" to ${describeId(idOfObject(object))}: ${state}`;
    return new DomainError("usage", "transform_failed", message, options);
  }
}

function isIdentityKept(before: JsonObject, after: JsonObject): boolean {
  return before["apiVersion"] === after["apiVersion"] && keyOf(idOfObject(before)) === keyOf(idOfObject(after));
}
