/** One tool's repository during one run, through all cases. */
import { randomBytes } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { createBucket } from "../dev/s3/bucket.ts";
import { type S3Server } from "../dev/s3/server.ts";
import { run } from "../dev/host/run.ts";
import { DomainError } from "../src/base/errors.ts";
import { type Case } from "./cases.ts";
import { type DataPaths } from "./data/sets.ts";
import { fileBytes, readAll } from "./files.ts";
import { measure } from "./measure.ts";
import { type Sample } from "./results.ts";
import { type CommandLine, type Place, type Task, type Tool } from "./tools/tool.ts";

/** A server whose objects lie in `objectsFolder`, a folder for each bucket. */
export interface ObjectServer {
  readonly server: S3Server;
  readonly objectsFolder: string;
}

export interface RepositoryOptions {
  readonly tool: Tool;
  readonly data: DataPaths;
  /** A new folder, for everything that belongs to this repository. */
  readonly folder: string;
  /** Where the repository shall lie instead of in the folder. */
  readonly objectServer?: ObjectServer | undefined;
  readonly signal: AbortSignal;
}

export class MeasuredRepository {
  readonly #tool: Tool;
  readonly #task: Task;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #files: string;
  readonly #folder: string;
  readonly #signal: AbortSignal;
  #storedBytes = 0;

  private constructor({ tool, folder, signal }: RepositoryOptions, task: Task, files: string) {
    this.#tool = tool;
    this.#task = task;
    this.#files = files;
    this.#folder = folder;
    this.#signal = signal;
    const home = { PATH: process.env["PATH"] ?? "", HOME: task.stateFolder, TMPDIR: join(folder, "temporary") };
    this.#environment = { ...home, ...tool.environment(task) };
  }

  /** Makes an empty repository. */
  static async create(options: RepositoryOptions): Promise<MeasuredRepository> {
    const { tool, data, folder, objectServer } = options;
    for (const name of ["repository", "state", "temporary"]) await mkdir(join(folder, name), { recursive: true });
    const local: Place = { kind: "local", folder: join(folder, "repository") };
    const place = objectServer === undefined ? local : await newBucket(objectServer.server);
    const task: Task = {
      place,
      data,
      stateFolder: join(folder, "state"),
      restoreFolder: join(folder, "restored"),
      password: randomBytes(16).toString("hex"),
    };
    const files = place.kind === "s3" && objectServer !== undefined ? join(objectServer.objectsFolder, place.bucket) : local.folder;
    const repository = new MeasuredRepository(options, task, files);
    await repository.#run(tool.init(task));
    repository.#storedBytes = await fileBytes(files, options.signal);
    return repository;
  }

  /**
   * Runs the next case.
   *
   * @throws {DomainError} internal/benchmark_failed: the tool failed, or restored something else.
   */
  async measure({ name, reads }: Case): Promise<Sample> {
    const { before = [], measured } = this.#tool.commands(this.#task)[name];
    await this.#run(before);
    await readAll(reads === "repository" ? this.#files : this.#task.data[reads], this.#signal);
    await run("sync", [], { signal: this.#signal }); // what others wrote is not to be paid for here
    const cost = await measure(measured, {
      environment: this.#environment,
      report: join(this.#folder, "cost"),
      signal: this.#signal,
    });
    if (name === "restore") await this.#endRestore();
    const grown = (await fileBytes(this.#files, this.#signal)) - this.#storedBytes;
    this.#storedBytes += grown;
    return { ...cost, storedBytes: grown };
  }

  async remove(): Promise<void> {
    for (const folder of [this.#folder, this.#files]) await rm(folder, { recursive: true, force: true });
  }

  /** What was restored stays until the end: after many files were removed, ext4 makes new ones more slowly, and the next tool would pay. */
  async #endRestore(): Promise<void> {
    const { data, restoreFolder } = this.#task;
    const [wanted, restored] = [await fileBytes(data.first, this.#signal), await fileBytes(restoreFolder, this.#signal)];
    if (wanted !== restored) {
      throw new DomainError(
        "internal",
        "benchmark_failed",
        `Cannot measure ${this.#tool.name}: it restored ${restored} of ${wanted} bytes`,
      );
    }
  }

  async #run(commands: readonly CommandLine[]): Promise<void> {
    for (const [program, ...args] of commands) await run(program, args, { env: this.#environment, signal: this.#signal });
  }
}

async function newBucket(server: S3Server): Promise<Place> {
  const bucket = `bench-${randomBytes(6).toString("hex")}`;
  await createBucket(server, bucket);
  const { endpoint, region, accessKeyId, secretAccessKey } = server;
  return { kind: "s3", endpoint, region, bucket, accessKeyId, secretAccessKey };
}
