/** An application as a tree: what it is made of, and what it needs. */
import type { ClaimEntry, Contents, WorkloadNode } from "../application/description/app-description.ts";
import type { AppDescription } from "../application/description/describe.ts";
import type { Image } from "../application/description/images.ts";
import { EXCLUSION_TEXTS, type ExclusionReason } from "../application/exclusions.ts";
import type { Release } from "../application/releases/release.ts";
import type { Dependency } from "../application/unit.ts";
import { type ObjectId, shortId } from "../kube/object-id.ts";
import { counted, shownText } from "./shown.ts";
import type { TreeNode } from "./tree.ts";

/** Of one branch; JSON has all. */
const MAX_CHILDREN = 25;
/** As many digits as tell images apart. */
const DIGEST_LENGTH = "sha256:".length + 12;

export function appTree({ target, contents, releases, dependencies }: AppDescription): TreeNode {
  const { unit, view } = target;
  const places = unit.kind === "declared" ? unit.namespaces : unit.kind === "namespace" ? [unit.name] : [];
  const where = places.length === 0 ? "" : ` in ${places.map(shownText).join(", ")}`;
  const note = `${view?.foundBy ?? unit.kind}${view === undefined && unit.kind === "namespace" ? "" : where}, ${counted(contents.objects, "object")}`;
  const branches = [
    branch("Releases", releases.map(releaseNode)),
    branch(
      "Workloads",
      contents.workloads.map((node) => workloadNode(node, true)),
    ),
    branch("Configuration", contents.configuration.map(idNode)),
    branch(
      "Secrets",
      contents.secrets.map(({ id, type }) => ({ ...idNode(id), note: shownText(type) })),
    ),
    branch("Claims", contents.claims.map(claimNode)),
    branch("Network", contents.network.map(idNode)),
    branch("Accounts and rights", contents.access.map(idNode)),
    branch("Others", contents.others.map(idNode)),
    branch("Needs", dependencies.found.map(dependencyNode)),
    branch("Needs, but there is none", dependencies.missing.map(dependencyNode)),
    branch(
      "Uses other units",
      dependencies.uses.map((used) => ({
        ...dependencyNode(used),
        text: shownText(`${used.unit.kind}/${used.unit.name}`),
        note: useNote(used),
      })),
    ),
    branch("Left out", leftOutNodes(contents)),
  ];
  return { text: shownText(view?.name ?? unit.name), note, children: branches.filter(({ children }) => children.length > 0) };
}

function branch(text: string, nodes: readonly TreeNode[]): TreeNode & { readonly children: readonly TreeNode[] } {
  return { text, children: cut(nodes) };
}

function cut(nodes: readonly TreeNode[]): readonly TreeNode[] {
  if (nodes.length <= MAX_CHILDREN) return nodes;
  return [...nodes.slice(0, MAX_CHILDREN), { text: `… and ${nodes.length - MAX_CHILDREN} more` }];
}

function idNode(id: ObjectId): TreeNode {
  return { text: shownText(shortId(id)) };
}

function releaseNode({ tool, name, source = "", revision = "" }: Release): TreeNode {
  const about = [source, revision === "" ? "" : `revision ${revision}`].filter((part) => part !== "");
  return { text: shownText(`${tool}/${name}`), note: shownText(about.join(", ")) };
}

/** Images stand at the top: what is below has the same. */
function workloadNode({ id, state, images, children }: WorkloadNode, isTop: boolean): TreeNode {
  const shown = isTop ? images.map(imageNode) : [];
  const below = children.map((child) => workloadNode(child, false));
  return { text: shownText(shortId(id)), note: state, children: [...shown, ...cut(below)] };
}

function imageNode({ image, digest }: Image): TreeNode {
  return { text: shownText(`image ${image}`), note: digest?.slice(0, DIGEST_LENGTH) };
}

function claimNode({ id, storageClass, size, phase }: ClaimEntry): TreeNode {
  const about = [size, storageClass, phase?.toLowerCase()].filter((part) => part !== undefined && part !== "");
  return { text: shownText(shortId(id)), note: shownText(about.join(", ")) };
}

function dependencyNode({ id, why, of }: Dependency): TreeNode {
  return { text: shownText(shortId(id)), note: shownText(of.length === 0 ? why : `${why}: ${reasons(of)}`) };
}

function useNote({ id, why, of }: Dependency): string {
  return shownText(`${shortId(id)}, ${why}: ${reasons(of)}`);
}

/** One tells enough; JSON has more of them. */
function reasons([first, ...others]: readonly ObjectId[]): string {
  return `${first === undefined ? "" : shortId(first)}${others.length > 0 ? " …" : ""}`;
}

function leftOutNodes({ leftOut }: Contents): readonly TreeNode[] {
  return Object.entries(leftOut).map(([reason, count]) => ({
    text: counted(count, "object"),
    note: EXCLUSION_TEXTS[reason as ExclusionReason],
  }));
}
