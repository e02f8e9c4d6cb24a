/**
 * How each volume of a unit is captured, and why. A pure function of what is there and what was asked for: whatever cannot be done is said
 * before anything is changed.
 */
import { DomainError } from "../../base/errors.ts";
import type { Finding } from "../../base/finding.ts";
import { type ClaimFacts, claimName, type PodUse, type VolumeFacts } from "./claim-facts.ts";
import { folderOnNode } from "./node-folder.ts";
import { chooseClass, type SnapshotClass, type StorageClass } from "./snapshot-classes.ts";

export const VOLUME_CHOICES = ["auto", "snapshot", "live", "skip"] as const;
export type VolumeChoice = (typeof VOLUME_CHOICES)[number];

export interface PlanOptions {
  readonly choice: VolumeChoice;
  /** Where there are no snapshots, volumes are read while they are in use. */
  readonly allowLive: boolean;
  /** Named by a person, of any drivers. */
  readonly snapshotClasses: readonly string[];
}

export interface StorageFacts {
  /** Whether the cluster serves VolumeSnapshots at all. */
  readonly hasSnapshots: boolean;
  readonly snapshotClasses: readonly SnapshotClass[];
  readonly storageClasses: readonly StorageClass[];
  /** Of those that classes ask for, the Secrets that are in Holdfast's namespace. */
  readonly secrets: ReadonlySet<string>;
}

/** What volumes are part of a database, as far as the plan needs it. */
export interface DatabaseVolumes {
  readonly blueprint: string;
  readonly namespace: string;
  readonly claims: readonly string[];
  /** Whether a dump stands for them: always, or where there are no snapshots. */
  readonly dump: "always" | "never" | "without-snapshots";
}

export type PlannedVolume = PlannedSnapshot | PlannedLive | UnreadVolume;

interface Planned {
  readonly claim: ClaimFacts;
  /** In a few words. */
  readonly why: string;
}

export interface PlannedSnapshot extends Planned {
  readonly method: "snapshot";
  readonly volume: CsiVolume;
  readonly snapshotClass: SnapshotClass;
  /** For what is made from the snapshot. */
  readonly storageClass: StorageClass;
}

export interface PlannedLive extends Planned {
  readonly method: "live";
  readonly volume: VolumeFacts;
  readonly pod: PodUse & { readonly node: string };
}

export interface UnreadVolume extends Planned {
  readonly method: "skip" | "stream";
}

export interface CsiVolume extends VolumeFacts {
  readonly driver: string;
  readonly handle: string;
}

export interface VolumePlan {
  readonly volumes: readonly PlannedVolume[];
  /** Of volumes that should be in the point and cannot be; they are skipped in the plan. */
  readonly problems: readonly VolumeProblem[];
  /** What is left out for a reason that nobody minds. */
  readonly findings: readonly Finding[];
}

/** What a dump or reading in use may stand for. */
const WITHOUT_SNAPSHOTS = "volume_without_snapshots";

export interface VolumeProblem {
  readonly claim: ClaimFacts;
  readonly error: DomainError;
}

export function planVolumes(
  claims: readonly ClaimFacts[],
  storage: StorageFacts,
  databases: readonly DatabaseVolumes[],
  options: PlanOptions,
): VolumePlan {
  const problems: VolumeProblem[] = [];
  const findings: Finding[] = [];
  const volumes = claims.map((claim): PlannedVolume => {
    const database = databases.find(({ namespace, claims: own }) => namespace === claim.namespace && own.includes(claim.name));
    const leftOut = reasonToLeaveOut(claim, database, options);
    if (leftOut !== undefined) {
      if (leftOut.finding !== undefined) findings.push(leftOut.finding);
      return { method: leftOut.method, claim, why: leftOut.why };
    }
    try {
      return planOne(claim, storage, database, options);
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      problems.push({ claim, error });
      return { method: "skip", claim, why: error.message };
    }
  });
  return { volumes, problems, findings };
}

interface LeftOut {
  readonly method: UnreadVolume["method"];
  readonly why: string;
  readonly finding?: Finding;
}

function reasonToLeaveOut(claim: ClaimFacts, database: DatabaseVolumes | undefined, { choice }: PlanOptions): LeftOut | undefined {
  const told = (code: string, message: string): Finding => ({ grade: "info", code, object: `volume ${claimName(claim)}`, message });
  if (choice === "skip") return { method: "skip", why: "asked for", finding: told("volume_skipped", "It is left out, as was asked for") };
  if (claim.phase === "Pending" && claim.volume === undefined) {
    return {
      method: "skip",
      why: "it has no volume yet",
      finding: told("volume_pending", "Its claim has no volume yet, so there is no data"),
    };
  }
  if (claim.isDeleted && claim.pods.length === 0) {
    return { method: "skip", why: "it is being deleted", finding: told("volume_deleted", "Its claim is being deleted") };
  }
  return choice === "auto" && database?.dump === "always"
    ? { method: "stream", why: `a dump by blueprint "${database.blueprint}" stands for it` }
    : undefined;
}

function planOne(
  claim: ClaimFacts,
  storage: StorageFacts,
  database: DatabaseVolumes | undefined,
  { choice, allowLive, snapshotClasses }: PlanOptions,
): PlannedVolume {
  if (claim.phase === "Lost" || claim.volume === undefined) {
    throw refusal(
      claim,
      "claim_lost",
      "its claim has lost its volume",
      "Restore the volume or delete the claim, or leave it out with --allow-partial",
    );
  }
  if (choice === "live") return planLive(claim, claim.volume, database, "asked for");
  try {
    return planSnapshot(claim, claim.volume, storage, snapshotClasses);
  } catch (error) {
    const isWithout = error instanceof DomainError && error.code === WITHOUT_SNAPSHOTS;
    if (!isWithout || choice !== "auto") throw error;
    if (database?.dump === "without-snapshots") {
      return {
        method: "stream",
        claim,
        why: `its storage has no snapshots, and a dump by blueprint "${database.blueprint}" stands for it`,
      };
    }
    if (!allowLive) throw error;
    return planLive(claim, claim.volume, database, "its storage has no snapshots");
  }
}

function planSnapshot(claim: ClaimFacts, volume: VolumeFacts, storage: StorageFacts, named: readonly string[]): PlannedSnapshot {
  const { driver, handle } = volume;
  if (driver === undefined || handle === undefined) {
    const hint = "Use --allow-live to read it while it is in use, or --allow-partial to leave it out";
    throw refusal(claim, WITHOUT_SNAPSHOTS, `it is of the kind "${volume.source}", which has no snapshots`, hint);
  }
  if (!storage.hasSnapshots) throw withoutSnapshots(claim, "the cluster does not serve VolumeSnapshots");
  const { storageClasses } = storage;
  // A volume that a person made may have no class, or one that is only a word.
  const ofStorage =
    storageClasses.find(({ name }) => name === claim.storageClass) ?? storageClasses.find((other) => other.provisioner === driver);
  const chosen = chooseClass(storage.snapshotClasses, driver, { named, tenantSecret: ofStorage?.tenantSecret });
  if (chosen === undefined) throw withoutSnapshots(claim, `driver "${driver}" has no VolumeSnapshotClass`);
  if (ofStorage === undefined) {
    const state = `driver "${driver}" has no storage class, so that nothing can be made from its snapshot`;
    throw refusal(
      claim,
      "storage_class_missing",
      state,
      "Make a storage class for the driver, or leave the volume out with --allow-partial",
    );
  }
  requireSecret(claim, ofStorage, storage);
  return {
    method: "snapshot",
    claim,
    why: `snapshot class "${chosen.name}"`,
    volume: { ...volume, driver, handle },
    snapshotClass: chosen,
    storageClass: ofStorage,
  };
}

/** What is made from a snapshot lies in Holdfast's namespace, and so does the Secret that the storage then asks for. */
function requireSecret(claim: ClaimFacts, { name, tenantSecret }: StorageClass, { secrets }: StorageFacts): void {
  if (tenantSecret === undefined || secrets.has(tenantSecret)) return;
  const state = `storage class "${name}" takes its credentials from the namespace of the claim, and Holdfast's has no Secret "${tenantSecret}"`;
  throw refusal(
    claim,
    "storage_class_of_tenant",
    state,
    "Put a copy of the Secret into Holdfast's namespace, or leave the volume out with --allow-partial",
  );
}

function planLive(claim: ClaimFacts, volume: VolumeFacts, database: DatabaseVolumes | undefined, why: string): PlannedLive {
  if (database !== undefined) {
    const state = `database "${database.blueprint}" runs on it, and a copy made while it writes cannot be trusted`;
    throw refusal(claim, "live_database", state, "Use storage with snapshots or a dump, or leave it out with --allow-partial");
  }
  if (claim.mode === "Block") {
    throw refusal(
      claim,
      "live_block",
      "a block volume cannot be read while it is in use",
      "Use storage with snapshots, or leave it out with --allow-partial",
    );
  }
  if (folderOnNode(volume, "") === undefined) {
    throw refusal(
      claim,
      "live_unsupported",
      `a volume of the kind "${volume.source}" is mounted nowhere of its own`,
      "Leave it out with --allow-partial",
    );
  }
  const pod = claim.pods.find(({ isRunning, node }) => isRunning && node !== undefined);
  if (pod?.node === undefined) {
    throw refusal(
      claim,
      "live_unused",
      "no running pod uses it, so that it is mounted nowhere",
      "Start what uses it, or leave it out with --allow-partial",
    );
  }
  return { method: "live", claim, why, volume, pod: { ...pod, node: pod.node } };
}

function withoutSnapshots(claim: ClaimFacts, state: string): DomainError {
  const hint = "Make a VolumeSnapshotClass, or use --allow-live to read it while it is in use, or --allow-partial to leave it out";
  return refusal(claim, WITHOUT_SNAPSHOTS, state, hint);
}

function refusal(claim: ClaimFacts, code: string, state: string, hint: string): DomainError {
  return new DomainError("unsupported", code, `Cannot capture volume "${claimName(claim)}": ${state}`, {
    details: { namespace: claim.namespace, claim: claim.name },
    hint,
  });
}
