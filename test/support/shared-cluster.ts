import { down } from "../../dev/cluster/down.ts";
import { identify } from "../../dev/cluster/process-identity.ts";
import { listNames } from "../../dev/cluster/store.ts";
import { up } from "../../dev/cluster/up.ts";

/** A cluster that is up already and stays up, for quick repetition while developing: `HOLDFAST_TEST_CLUSTER=dev`. */
const GIVEN = process.env["HOLDFAST_TEST_CLUSTER"];

/**
 * The process that the cluster belongs to: the runner of the whole suite, or this process when a test file is run by itself. When
 * it has ended, however it ended, the next `up` removes the cluster.
 */
function ownerPid(): number {
  return Number(process.env["HOLDFAST_TEST_RUN"] ?? process.pid);
}

function sharedName(): string {
  return GIVEN ?? `test-${ownerPid().toString(36)}`;
}

/** Starts the cluster of this run unless another test has; returns its name. */
export async function startSharedCluster(signal?: AbortSignal): Promise<string> {
  const name = sharedName();
  if (GIVEN === undefined)
    await up({ name, nodes: 1, version: "1.36", controlPlaneOnly: false, owner: await identify(ownerPid()) }, signal);
  return name;
}

/** Removes it, if it was started and belongs to this process. */
export async function stopSharedCluster(): Promise<void> {
  const isMine = GIVEN === undefined && ownerPid() === process.pid;
  if (isMine && (await listNames()).includes(sharedName())) await down(sharedName());
}
