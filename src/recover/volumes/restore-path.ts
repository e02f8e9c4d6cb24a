/**
 * Puts files of a volume back into the claim while it is in use. They go through a container that has it mounted, as an archive on the standard
 * input of its own `tar`: no pod, and no credential, enters the namespace. Nothing that is there is written over unless that is asked for.
 */
import { dumpArchive, dumpArchiveOf } from "../../archive/reading/dump.ts";
import { type SnapshotTrees, walkTree } from "../../archive/reading/snapshot-trees.ts";
import { isArchived } from "../../archive/reading/tar.ts";
import { type ByteString, bytesOf, displayText } from "../../base/byte-string.ts";
import { DomainError } from "../../base/errors.ts";
import type { FindingSink } from "../../base/finding.ts";
import type { HexId } from "../../base/ids.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import type { Node } from "../../repository/format/tree/node.ts";
import type { Session } from "../../repository/session.ts";
import { type ClaimUser, findClaimUser } from "./claim-user.ts";
import { ContainerFiles } from "./container-files.ts";

export interface PathRestore {
  readonly api: KubeApi;
  readonly session: Session;
  readonly trees: SnapshotTrees;
  /** Of the point. */
  readonly tree: HexId;
  /** From the root of the point to the volume. */
  readonly volume: readonly ByteString[];
  /** From the root of the volume on; none for all of it. */
  readonly path: readonly ByteString[];
  readonly claim: { readonly namespace: string; readonly name: string };
  /** What happens if something is there already. */
  readonly existing: "fail" | "keep" | "replace";
  readonly dryRun: boolean;
  readonly report: FindingSink;
  readonly signal: AbortSignal;
}

export interface PathResult extends ClaimUser {
  /** Files, links and others that were written, or would be; no folders. */
  readonly files: number;
  readonly bytes: number;
  /** Of those, how many were there before. */
  readonly replaced: number;
  /** Were there, and were left alone. */
  readonly kept: number;
}

const NAMED = 5;

/**
 * @throws {DomainError} not-found/path_not_found; conflict/path_exists; unsupported/claim_not_mounted: no container runs that could write it;
 *   unsupported/path_name: a name that no shell can be told; as ContainerFiles
 */
export async function restorePath(request: PathRestore): Promise<PathResult> {
  const { api, session, trees, claim, existing, dryRun, report, signal } = request;
  const place = await findPlace(request);
  const entries = await entriesOf(request, place);
  const user = await findClaimUser(api, claim.namespace, claim.name, signal);
  if (user === undefined) throw notMounted(claim);
  const folder = [user.mountPath, ...place.folder.map(text)].join("/");
  const files = new ContainerFiles(api, { ...user, namespace: claim.namespace, folder }, signal);
  const there = await files.existing([...entries.keys()]);
  const others = [...entries].filter(([, { isFolder }]) => !isFolder);
  const inTheWay = others.filter(([path]) => there.has(path)).map(([path]) => path);
  if (inTheWay.length > 0 && existing === "fail") throw exists(claim, inTheWay);
  // A folder that is there keeps its owner, mode and time unless all is to be as it was.
  const isWanted = (path: ByteString): boolean => existing === "replace" || !there.has(withoutSlash(path));
  const wanted = others.filter(([path]) => isWanted(path));
  if (!dryRun && [...entries.keys()].some(isWanted)) {
    const { tree, node } = place;
    const archive =
      tree === undefined ? dumpArchiveOf(session, node) : dumpArchive(session, trees, tree, report, { folder: node, isWanted });
    await files.extract(archive);
    const written = await files.existing(wanted.map(([path]) => path));
    if (written.size < wanted.length) throw incomplete(claim, wanted.length - written.size);
  }
  return {
    ...user,
    files: wanted.length,
    bytes: wanted.reduce((sum, [, { size }]) => sum + size, 0),
    replaced: existing === "replace" ? inTheWay.length : 0,
    kept: others.length - wanted.length,
  };
}

function withoutSlash(path: ByteString): ByteString {
  return (path.endsWith("/") ? path.slice(0, -1) : path) as ByteString;
}

interface PlaceOf {
  /** Where it is unpacked. */
  readonly folder: readonly ByteString[];
}

type Place = PlaceOf &
  (
    | {
        readonly tree: HexId;
        /** Of the folder itself; undefined: it is the root of the volume, which is there. */ readonly node: Node | undefined;
      }
    | { readonly tree: undefined; readonly node: Node }
  );

interface Entry {
  readonly size: number;
  readonly isFolder: boolean;
}

async function findPlace({ trees, tree, volume, path }: PathRestore): Promise<Place> {
  const node = await trees.find(tree, [...volume, ...path]);
  if (node === undefined || node === "missing") {
    const shown = [...volume, ...path].map(displayText).join("/");
    throw new DomainError("not-found", "path_not_found", `Cannot restore "${shown}": the restore point does not have it`, {
      hint: 'Run "holdfast point browse" to see what there is',
    });
  }
  const folder = path.slice(0, -1);
  if (node.subtree === undefined) return { folder, tree: undefined, node };
  return { folder, tree: node.subtree, node: path.length === 0 ? undefined : node };
}

/** By path from the folder on. @throws {DomainError} unsupported/path_name */
async function entriesOf({ trees, report }: PathRestore, { tree, node: top }: Place): Promise<ReadonlyMap<ByteString, Entry>> {
  const found = new Map<ByteString, Entry>();
  const add = (path: ByteString, { size, type }: Node): void => {
    if (path.includes("\n")) throw lineBreak(path);
    found.set(path, { size, isFolder: type === "dir" });
  };
  if (top !== undefined) add(top.name, top);
  if (tree === undefined) return found;
  const path = (top === undefined ? "" : `/${top.name}`) as ByteString;
  for await (const walked of walkTree(trees, tree, { path, report })) {
    const node = walked.node.decode();
    if (isArchived(node)) add(walked.path.slice(1) as ByteString, node);
  }
  return found;
}

function lineBreak(path: ByteString): DomainError {
  const message = `Cannot restore "${displayText(path)}" into a running container: its name has a line break`;
  return new DomainError("unsupported", "path_name", message, { hint: 'Use "holdfast point extract" with --target' });
}

function notMounted({ namespace, name }: PathRestore["claim"]): DomainError {
  const message = `Cannot restore files into claim "${name}" in namespace "${namespace}": no container runs that has all of it mounted and may write`;
  return new DomainError("unsupported", "claim_not_mounted", message, {
    hint: 'Start what uses it, or take the files with "holdfast point extract" and --target',
  });
}

function exists({ namespace, name }: PathRestore["claim"], paths: readonly ByteString[]): DomainError {
  const shown = paths.slice(0, NAMED).map((path) => `"${displayText(path)}"`);
  const rest = paths.length > NAMED ? ` and ${paths.length - NAMED} more` : "";
  const message = `Cannot restore files into claim "${name}" in namespace "${namespace}": there are already ${shown.join(", ")}${rest}`;
  return new DomainError("conflict", "path_exists", message, {
    hint: 'Say with --existing what to do: "keep" them, or "replace" them',
  });
}

function incomplete({ namespace, name }: PathRestore["claim"], missing: number): DomainError {
  const message = `Cannot restore all files into claim "${name}" in namespace "${namespace}": ${missing} are not there after its "tar" has ended`;
  return new DomainError("unavailable", "path_not_written", message, {
    hint: 'Some programs cut long names: take the files with "holdfast point extract" and --target',
  });
}

function text(name: ByteString): string {
  return bytesOf(name).toString("utf8");
}
