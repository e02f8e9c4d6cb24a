/** Why a restore does not begin. Whatever it is, nothing has been changed. */
import { formatBytes } from "../../base/byte-size.ts";
import { DomainError } from "../../base/errors.ts";
import { describeId, type ObjectId } from "../../kube/object-id.ts";
import { apiVersionOf, nameOf } from "../../kube/resource-type.ts";
import type { ChosenResource } from "./choose-versions.ts";
import { isStorage, type Shortage } from "./quotas.ts";
import { type NeededRight, rightText } from "./rights.ts";

/** So many are named in a sentence; the details have more. */
const NAMED = 5;
const LISTED = 100;

export function existsAlready(found: readonly ObjectId[]): DomainError {
  const message = `Cannot restore: ${countText(found.length, "object")} would be changed that ${found.length === 1 ? "is" : "are"} there and not as in the point: ${names(found)}`;
  return new DomainError("conflict", "restore_exists", message, {
    details: { objects: ids(found) },
    hint: 'Say with --existing what to do: "keep" them, "update" what differs, or "replace" them; or restore into another namespace with --to-namespace',
  });
}

export function beingDeleted(found: readonly ObjectId[]): DomainError {
  const message = `Cannot restore: ${names(found)} ${found.length === 1 ? "is" : "are"} being deleted`;
  return new DomainError("conflict", "restore_terminating", message, { details: { objects: ids(found) }, hint: "Wait until it is gone" });
}

export function otherThingsThere(namespace: string, found: readonly ObjectId[]): DomainError {
  const message = `Cannot restore into namespace "${namespace}": it has other things in it: ${names(found)}`;
  return new DomainError("conflict", "namespace_in_use", message, {
    details: { objects: ids(found) },
    hint: "Choose an empty namespace with --to-namespace; with --existing keep, update or replace what the point does not have is left alone",
  });
}

export function notServed(resources: readonly ChosenResource[]): DomainError {
  const texts = resources.map(({ captured, state }) => {
    const why = state === "other-version" ? "serves other versions only" : "does not know it, and the point has no definition of it";
    return `"${nameOf(captured)}" in version ${apiVersionOf(captured)} (the cluster ${why})`;
  });
  const message = `Cannot restore: the cluster does not serve ${texts.slice(0, NAMED).join(", ")}`;
  return new DomainError("unsupported", "restore_not_served", message, {
    details: { resources: resources.map(({ captured }) => ({ resource: nameOf(captured), apiVersion: apiVersionOf(captured) })) },
    hint: "Install what defines them, or leave their objects out with --only",
  });
}

export function missingRightsError(rights: readonly NeededRight[]): DomainError {
  const message = `Cannot restore: missing the right to ${rights.slice(0, NAMED).map(rightText).join(", and to ")}`;
  return new DomainError("forbidden", "restore_forbidden", message, {
    details: {
      rights: rights.slice(0, LISTED),
    },
    hint: "Give the user a role with these rules, or leave these objects out with --only",
  });
}

export function quotaExceeded(found: readonly Shortage[]): DomainError {
  const texts = found.map((shortage) => {
    const [free, needed] = [shortage.free, shortage.needed].map((count) => (isStorage(shortage) ? formatBytes(count) : String(count)));
    return `quota "${shortage.quota}" has room for ${free} of ${needed} "${shortage.counted}"`;
  });
  const message = `Cannot restore into namespace "${found[0]?.namespace ?? ""}": ${texts.slice(0, NAMED).join(", ")}`;
  return new DomainError("conflict", "restore_quota", message, { details: { shortages: found }, hint: "Raise the quota, or make room" });
}

export function nothingChosen(only: readonly string[]): DomainError {
  const shown = only.map((name) => `"${name}"`).join(", ");
  return new DomainError(
    "not-found",
    "restore_only",
    `Cannot restore only ${shown}: the point does not have ${only.length === 1 ? "it" : "them"}`,
    {
      hint: 'Write them as "Deployment/web"; "holdfast point show" tells what is in the point',
    },
  );
}

export function planOutdated(changes: readonly string[], cause?: unknown): DomainError {
  const message = `Cannot execute this plan: the cluster has moved on: ${changes.slice(0, NAMED).join("; ")}`;
  return new DomainError("conflict", "plan_outdated", message, {
    details: { changes: changes.slice(0, LISTED) },
    cause,
    hint: "Make a new plan with --dry-run --plan, and look at it",
  });
}

function names(found: readonly ObjectId[]): string {
  const rest = found.length - NAMED;
  return `${found.slice(0, NAMED).map(describeId).join(", ")}${rest > 0 ? ` and ${countText(rest, "other")}` : ""}`;
}

function ids(found: readonly ObjectId[]): readonly ObjectId[] {
  return found.slice(0, LISTED);
}

function countText(count: number, noun: string): string {
  return `${count} ${count === 1 ? noun : `${noun}s`}`;
}
