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
  /** Of what was handed over: objects that own nothing any more. */
  readonly #contents: { readonly kinds: SnapshotKinds; readonly name: string }[] = [];

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
    this.#contents.push(...others.#contents);
  }

  /** Its content goes at the end: a snapshotter that waits for it to get ready does not look whether it is being deleted. */
  handedOver(place: OriginalPlace): void {
    const content = this.#entries.get(keyOf(place))?.found?.content;
    if (content !== undefined) this.#contents.push({ kinds: place.kinds, name: content });
    this.#entries.delete(keyOf(place));
  }

  /** Takes all back that was not handed over, and what is on the storage with it; of the rest it removes what is left. */
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
      await removeSnapshot(run, entry, found?.uid, signal);
      if (isRetained && found !== undefined) await removeContent(run, kinds, found.content, signal);
    }
    this.#entries.clear();
    for (const { kinds, name } of this.#contents.splice(0)) await removeContent(run, kinds, name, signal);
  }
}

/**
 * The controller marks a content when its snapshot is deleted, and without the mark nobody lets go of it. A group snapshot that is deleted right after
 * it was made is gone before the controller has seen that.
 */
const BEING_DELETED: Readonly<Record<string, string>> = {
  VolumeSnapshot: "snapshot.storage.kubernetes.io/volumesnapshot-being-deleted",
  VolumeGroupSnapshot: "groupsnapshot.storage.kubernetes.io/volumegroupsnapshot-being-deleted",
};

export async function removeSnapshot(
  run: Run,
  { kinds, namespace, name }: OriginalPlace,
  uid: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const preconditions = uid === undefined ? undefined : { uid };
  await unlessGone(deleteObject(run.api, kinds.snapshots, { namespace, name }, { propagation: "Background", preconditions, signal }));
}

async function removeContent(run: Run, kinds: SnapshotKinds, name: string, signal: AbortSignal): Promise<void> {
  const changes = { metadata: { annotations: { [BEING_DELETED[kinds.snapshots.kind] ?? ""]: "yes" } } };
  await unlessGone(patchObject(run.api, kinds.contents, { name }, { type: "merge", changes }, { fieldManager: FIELD_MANAGER, signal }));
  await unlessGone(deleteObject(run.api, kinds.contents, { name }, { propagation: "Background", signal }));
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
