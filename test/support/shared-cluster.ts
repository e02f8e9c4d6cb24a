import { down } from "../../dev/cluster/down.ts";
import { findOwner } from "../../dev/cluster/owner.ts";
import { listNames } from "../../dev/cluster/store.ts";
import { up } from "../../dev/cluster/up.ts";
import { RUN_PID } from "./run-id.ts";

/** A cluster that is up already and stays up, for quick repetition while developing: `HOLDFAST_TEST_CLUSTER=dev`. */
const GIVEN = process.env["HOLDFAST_TEST_CLUSTER"];

const NAME = GIVEN ?? `test-${RUN_PID.toString(36)}`;

/** Starts the cluster of this run unless another test has; returns its name. */
export async function startSharedCluster(signal?: AbortSignal): Promise<string> {
  if (GIVEN === undefined)
    await up({ name: NAME, nodes: 1, version: "1.36", controlPlaneOnly: false, owner: await findOwner(RUN_PID) }, signal);
  return NAME;
}

export async function stopSharedCluster(): Promise<void> {
  if (GIVEN === undefined && (await listNames()).includes(NAME)) await down(NAME);
}
