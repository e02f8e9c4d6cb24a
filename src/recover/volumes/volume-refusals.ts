/** Why a restore of volumes does not begin. Whatever it is, nothing has been changed. */
import { formatBytes } from "../../base/byte-size.ts";
import { DomainError } from "../../base/errors.ts";

export interface RefusedClaim {
  readonly namespace: string;
  readonly name: string;
}

export function classMissing(claim: RefusedClaim, name: string, others: readonly string[]): DomainError {
  const hint = `Say which one to use instead with --storage-class ${name}=NAME${others.length === 0 ? "" : `: there ${others.length === 1 ? "is" : "are"} ${others.slice(0, 5).map(quoted).join(", ")}`}`;
  return refusal("volume_class_missing", claim, `the cluster has no storage class "${name}", and the point does not bring it`, hint);
}

export function noDefaultClass(claim: RefusedClaim): DomainError {
  const hint = "Make one the default, or give the claim one by a transform";
  return refusal("volume_class_missing", claim, "it names no storage class, and the cluster has no default", hint);
}

export function classMakesNone(claim: RefusedClaim, name: string | undefined): DomainError {
  const why = name === undefined ? "it asks for no storage class" : `its storage class "${name}" makes no volumes`;
  const hint = "Give the claim another class with --storage-class or by a transform, or leave volumes out with --objects-only";
  return refusal("volume_class_static", claim, why, hint);
}

export function classUnguarded(
  claim: RefusedClaim,
  { name, provisioner }: { readonly name: string; readonly provisioner: string },
): DomainError {
  const why = `the provisioner "${provisioner}" of storage class "${name}" is no CSI driver, and would make an empty volume before the data is there`;
  const hint = "Choose another class with --storage-class; or restore with --objects-only, and then put files back with --path";
  return refusal("volume_class_unguarded", claim, why, hint, "unsupported");
}

export function modeUnsupported(claim: RefusedClaim, name: string, mode: string): DomainError {
  const hint = "Choose another storage class with --storage-class";
  return refusal("volume_mode", claim, `storage class "${name}" has no volumes of mode "${mode}"`, hint, "unsupported");
}

export function accessModeUnsupported(claim: RefusedClaim, name: string): DomainError {
  const why = `storage class "${name}" has no file systems that several nodes can write to`;
  const hint = "Choose another storage class with --storage-class, or another mode with --access-mode";
  return refusal("volume_access_mode", claim, why, hint, "unsupported");
}

export function tooSmall(claim: RefusedClaim, size: string, leastBytes: number): DomainError {
  const why = `its volume had ${formatBytes(leastBytes)}, and ${size} are less`;
  return refusal("volume_size", claim, why, "Volumes can only grow: give at least as much with --volume-size", "usage");
}

export function waitsForAnother(claim: RefusedClaim): DomainError {
  const hint = "Restore that point again, or delete the claim: it is empty";
  return refusal("volume_of_another_point", claim, "it waits for its volume from another restore point", hint);
}

export function optionUnmatched(option: string, claim: string, known: readonly string[]): DomainError {
  const names = known.slice(0, 5).map(quoted).join(", ");
  return new DomainError(
    "usage",
    "volume_option",
    `Cannot use ${option} for "${claim}": the point has no volume of that claim to restore`,
    {
      hint: known.length === 0 ? "It has none" : `There are ${names}`,
    },
  );
}

function refusal(
  code: string,
  { namespace, name }: RefusedClaim,
  why: string,
  hint: string,
  kind: DomainError["kind"] = "conflict",
): DomainError {
  const message = `Cannot restore the volume of claim "${name}" in namespace "${namespace}": ${why}`;
  return new DomainError(kind, code, message, { details: { namespace, claim: name }, hint });
}

function quoted(text: string): string {
  return `"${text}"`;
}
