/** Velero as a plain process outside of the cluster: no pods, no node agent; objects only. */
import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { once } from "node:events";
import { join } from "node:path";
import { run } from "../../dev/host/run.ts";
import type { VeleroPrograms } from "../../dev/peers/velero.ts";
import { systemClock } from "../../src/base/clock.ts";
import { DomainError } from "../../src/base/errors.ts";
import { isJsonObject, type JsonObject, listIn, objectIn, parseJson, textIn } from "../../src/kube/json.ts";
import { createObject, getObject } from "../../src/kube/objects.ts";
import { fileBytes } from "../files.ts";
import type { Cost } from "../measure.ts";
import { countCost } from "./process-cost.ts";
import type { Bucket, Site } from "./site.ts";

export interface VeleroRun extends Cost {
  /** From start to completion by its own status, which has whole seconds. */
  readonly statusSeconds: number;
  /** What the bucket grew by. */
  readonly storedBytes: number;
}

const NAMESPACE = "velero";
const FIELD_MANAGER = "holdfast-bench";
const POLL_MS = 50;
const CRDS = { group: "apiextensions.k8s.io", version: "v1", plural: "customresourcedefinitions" } as const;
const NAMESPACES = { group: "", version: "v1", plural: "namespaces" } as const;
const DEPLOYMENTS = { group: "apps", version: "v1", plural: "deployments" } as const;
const LOCATIONS = { group: "velero.io", version: "v1", plural: "backupstoragelocations", kind: "BackupStorageLocation" } as const;
const BACKUPS = { group: "velero.io", version: "v1", plural: "backups", kind: "Backup" } as const;
const RESTORES = { group: "velero.io", version: "v1", plural: "restores", kind: "Restore" } as const;
/** How a backup or a restore may end. */
const ENDS = /^(Completed|PartiallyFailed|Failed|FailedValidation)$/;

export class Velero implements AsyncDisposable {
  readonly #site: Site;
  readonly #bucket: Bucket;
  readonly #server: ChildProcess;

  private constructor(site: Site, bucket: Bucket, server: ChildProcess) {
    this.#site = site;
    this.#bucket = bucket;
    this.#server = server;
  }

  /** Installs it in the cluster, starts its server and waits until it has found its bucket. */
  static async start(site: Site, programs: VeleroPrograms): Promise<Velero> {
    const bucket = await site.bucket();
    await install(site, programs);
    const { endpoint, region, accessKeyId, secretAccessKey } = site.server;
    const addresses = ["--metrics-address", "127.0.0.1:0", "--profiler-address", "127.0.0.1:0"];
    const args = ["server", "--kubeconfig", site.kubeconfig, "--plugin-dir", programs.pluginFolder, ...addresses];
    const server = spawn("setpriv", ["--pdeathsig", "KILL", programs.velero, ...args], {
      env: {
        PATH: process.env["PATH"],
        HOME: site.folder,
        VELERO_SCRATCH_DIR: site.folder,
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const log = createWriteStream(join(site.folder, "velero.log"));
    for (const stream of [server.stdout, server.stderr]) stream.pipe(log);
    const velero = new Velero(site, bucket, server);
    const spec = {
      provider: "aws",
      default: true,
      objectStorage: { bucket: bucket.name },
      config: { region, s3Url: endpoint, s3ForcePathStyle: "true" },
    };
    await velero.#create(LOCATIONS, "default", spec);
    await velero.#until(LOCATIONS, "default", /^Available$/);
    return velero;
  }

  async backUp(name: string, namespace: string): Promise<VeleroRun> {
    return this.#measure(BACKUPS, name, { includedNamespaces: [namespace], snapshotVolumes: false });
  }

  async restore(name: string, backupName: string): Promise<VeleroRun> {
    return this.#measure(RESTORES, name, { backupName });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.exitCode !== null || this.#server.signalCode !== null) return;
    const closed = once(this.#server, "close");
    this.#server.kill("SIGKILL");
    await closed;
  }

  async #measure(resource: typeof BACKUPS | typeof RESTORES, name: string, spec: JsonObject): Promise<VeleroRun> {
    const { pid } = this.#server;
    if (pid === undefined) throw failed("start its server", "no such program");
    const storedBefore = await fileBytes(this.#bucket.folder, this.#site.signal);
    const end = await countCost(pid);
    await this.#create(resource, name, spec);
    const status = await this.#until(resource, name, ENDS);
    const cost = await end();
    if (textIn(status, "phase") !== "Completed") throw failed(`finish ${resource.kind} "${name}"`, JSON.stringify(status));
    const moment = (field: string): number => Date.parse(textIn(status, field) ?? "");
    return {
      ...cost,
      statusSeconds: (moment("completionTimestamp") - moment("startTimestamp")) / 1_000,
      storedBytes: (await fileBytes(this.#bucket.folder, this.#site.signal)) - storedBefore,
    };
  }

  async #create(resource: typeof BACKUPS | typeof LOCATIONS | typeof RESTORES, name: string, spec: JsonObject): Promise<void> {
    const object = { apiVersion: "velero.io/v1", kind: resource.kind, metadata: { name }, spec };
    await createObject(this.#site.api, resource, object, { namespace: NAMESPACE, fieldManager: FIELD_MANAGER });
  }

  /** @returns its status */
  async #until(resource: typeof BACKUPS | typeof LOCATIONS | typeof RESTORES, name: string, phase: RegExp): Promise<JsonObject> {
    while (this.#server.exitCode === null) {
      const status = objectIn(await getObject(this.#site.api, resource, { namespace: NAMESPACE, name }), "status");
      if (phase.test(textIn(status, "phase") ?? "")) return status;
      await systemClock.sleep(POLL_MS, this.#site.signal);
    }
    throw failed("run its server", `it ended; see ${join(this.#site.folder, "velero.log")}`);
  }
}

async function install({ api, signal }: Site, { velero }: VeleroPrograms): Promise<void> {
  const { stdout } = await run(velero, ["install", "--crds-only", "--dry-run", "-o", "json"], { signal });
  const crds = listIn(parseJson(stdout), "items").filter(isJsonObject);
  for (const crd of crds) await createObject(api, CRDS, crd, { fieldManager: FIELD_MANAGER });
  const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } };
  await createObject(api, NAMESPACES, namespace, { fieldManager: FIELD_MANAGER });
  // A restore looks up the image of its own server's deployment, which nobody runs here.
  const [labels, containers] = [{ deploy: "velero" }, [{ name: "velero", image: "none" }]];
  const spec = { replicas: 0, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } };
  const deployment = { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "velero" }, spec };
  await createObject(api, DEPLOYMENTS, deployment, { namespace: NAMESPACE, fieldManager: FIELD_MANAGER });
  for (const crd of crds) {
    const name = textIn(objectIn(crd, "metadata"), "name") ?? "";
    while (!isEstablished(await getObject(api, CRDS, { name }))) await systemClock.sleep(POLL_MS, signal);
  }
}

function isEstablished(crd: JsonObject): boolean {
  const conditions = listIn(objectIn(crd, "status"), "conditions");
  return conditions.some((one) => textIn(one, "type") === "Established" && textIn(one, "status") === "True");
}

function failed(what: string, state: string): DomainError {
  return new DomainError("internal", "benchmark_failed", `Cannot ${what}: ${state}`);
}
