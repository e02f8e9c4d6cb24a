/** Proves that pods reach the location, before anything is changed. */
import { DomainError } from "../../base/errors.ts";
import type { MoverLocation, Movers } from "../movers.ts";

export interface ProbeOptions {
  readonly location: Pick<MoverLocation, "folder" | "url">;
  /** Whether it has to be possible to write there, too. */
  readonly writes: boolean;
  readonly signal: AbortSignal;
}

const START_TIMEOUT_MS = 2 * 60_000;

/** @throws {DomainError} unavailable/location_unreachable; and why a mover does not start */
export async function probeLocation(movers: Movers, { location, writes, signal }: ProbeOptions): Promise<void> {
  try {
    await movers.move({ work: { kind: "probe", writes }, volume: "location", mount: undefined, startTimeoutMs: START_TIMEOUT_MS }, signal);
  } catch (cause) {
    if (!(cause instanceof DomainError) || !isOfLocation(cause)) throw cause;
    const hint =
      location.folder === undefined
        ? "Use an endpoint that pods of the cluster reach, and credentials that count there"
        : "Use a bucket, or a folder that is mounted at the same path on all nodes";
    throw new DomainError(
      "unavailable",
      "location_unreachable",
      `Cannot use location "${location.url}" for volumes: pods cannot reach it`,
      {
        cause,
        hint,
      },
    );
  }
}

function isOfLocation({ code, message, kind }: DomainError): boolean {
  if (code === "mover_not_started") return message.includes("hostPath type check failed");
  return kind !== "cancelled" && code !== "mover_lost" && !code.startsWith("kube_");
}
