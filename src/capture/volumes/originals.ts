/**
 * The snapshots in the namespaces of the claims, from before they are made until they are handed over: what is to be taken back if the run fails. What
 * this cannot see to any more, as after a kill, is found by its label.
 */
import { DomainError } from "../../base/errors.ts";
import { deleteObject, patchObject } from "../../kube/objects.ts";
import { FIELD_MANAGER } from "../../run/marks.ts";
import type { Run } from "../../run/run.ts";
import type { Original } from "./cut.ts";
import type { SnapshotKinds } from "./snapshot-kinds.ts";

export interface OriginalPlace {
  readonly kinds: SnapshotKinds;
  readonly namespace: string;
  readonly name: string;
}

interface Entry extends OriginalPlace {
  found: Original | undefined;
  isRetained: boolean;
}

export class Originals {
  readonly #entries = new Map<string, Entry>();

  /** It is going to be made. */
  expect(place: OriginalPlace): void {
    this.#entries.set(keyOf(place), { ...place, found: undefined, isRetained: false });
  }

  found(place: OriginalPlace, original: Original): void {
    const entry = this.#entries.get(keyOf(place));
    if (entry !== undefined) entry.found = original;
  }

  /** Deleting it does not delete what is on the storage any more. */
  retained(place: OriginalPlace): void {
    const entry = this.#entries.get(keyOf(place));
    if (entry !== undefined) entry.isRetained = true;
  }

  /** Those of another one as well. */
  adopt(others: Originals): void {
    for (const [key, entry] of others.#entries) this.#entries.set(key, entry);
  }

  handedOver(place: OriginalPlace): void {
    this.#entries.delete(keyOf(place));
  }

  /** `volumesnapshots.snapshot.storage.k8s.io shop/snapshot-1`: what is there of this run's own making. */
  get places(): readonly OriginalPlace[] {
    return [...this.#entries.values()];
  }

  /** Takes all back that was not handed over, and what is on the storage with it. */
  async takeBack(run: Run, signal: AbortSignal): Promise<void> {
    for (const entry of this.#entries.values()) {
      const { kinds, found, isRetained } = entry;
      if (isRetained && found !== undefined) {
        const changes = { spec: { deletionPolicy: "Delete" } };
        await unlessGone(
          patchObject(
            run.api,
            kinds.contents,
            { name: found.content },
            { type: "merge", changes },
            { fieldManager: FIELD_MANAGER, signal },
          ),
        );
      }
      await removeOriginal(run, entry, { content: isRetained ? found?.content : undefined, uid: found?.uid, signal });
    }
    this.#entries.clear();
  }
}

export interface RemoveOptions {
  /** To be removed, too: nobody does so for one that was retained. */
  readonly content: string | undefined;
  readonly uid: string | undefined;
  readonly signal: AbortSignal;
}

export async function removeOriginal(
  run: Run,
  { kinds, namespace, name }: OriginalPlace,
  { content, uid, signal }: RemoveOptions,
): Promise<void> {
  const preconditions = uid === undefined ? undefined : { uid };
  await unlessGone(deleteObject(run.api, kinds.snapshots, { namespace, name }, { propagation: "Background", preconditions, signal }));
  if (content !== undefined)
    await unlessGone(deleteObject(run.api, kinds.contents, { name: content }, { propagation: "Background", signal }));
}

/** What is not there need not be changed; one of that name that somebody else has made since is theirs. */
export async function unlessGone(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof DomainError) || (error.code !== "kube_not_found" && error.code !== "kube_conflict")) throw error;
  }
}

function keyOf({ kinds, namespace, name }: OriginalPlace): string {
  return `${kinds.snapshots.plural}.${kinds.snapshots.group} ${namespace}/${name}`;
}
