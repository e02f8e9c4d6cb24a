/** Our forget and prune, and restic's, on the same repositories. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { resticBinary } from "../../dev/peers/restic.ts";
import { systemClock } from "../../src/base/clock.ts";
import { executeForget, planForgetByName } from "../../src/repository/forget.ts";
import type { RepositoryVersion } from "../../src/repository/format/config.ts";
import { initRepository } from "../../src/repository/init.ts";
import { executePrune, type PruneResult } from "../../src/repository/prune/execute.ts";
import { planPrune, type PruneOptions, type PrunePlan } from "../../src/repository/prune/plan.ts";
import { openRepository } from "../../src/repository/repository.ts";
import { openSession, type Session } from "../../src/repository/session.ts";
import { FileStore } from "../../src/storage/file.ts";
import { cheapenKeys } from "../support/cheap-keys.ts";
import { environment } from "../support/environment.ts";
import { type CommandResult, runProgram } from "../support/program.ts";

const PASSWORD = "password";
const SECRET = { kind: "password", password: PASSWORD } as const;
const progress = (): void => undefined;

class Shared {
  readonly folder: string;
  readonly source: string;
  readonly #root: string;
  readonly #program: string;
  readonly #signal: AbortSignal;

  private constructor(root: string, program: string, signal: AbortSignal) {
    this.#root = root;
    this.folder = join(root, "repository");
    this.source = join(root, "source");
    this.#program = program;
    this.#signal = signal;
  }

  static async create(t: TestContext): Promise<Shared> {
    const shared = new Shared(await environment(t).temporaryFolder(), await resticBinary(t.signal), t.signal);
    await mkdir(join(shared.source, "folder"), { recursive: true });
    return shared;
  }

  /** Runs restic, which must succeed. */
  async restic(...args: readonly string[]): Promise<CommandResult> {
    const env = { RESTIC_REPOSITORY: this.folder, RESTIC_PASSWORD: PASSWORD, HOME: this.#root, PATH: process.env["PATH"] ?? "" };
    const result = await runProgram(this.#program, ["--no-cache", ...args], { env, signal: this.#signal });
    assert.equal(result.exitCode, 0, result.stderr);
    return result;
  }

  async init(by: "restic" | "holdfast", version: RepositoryVersion): Promise<void> {
    if (by === "restic") await this.restic("init", "--repository-version", `${version}`);
    else await initRepository(this.#store(), { secret: SECRET, owner: { username: "u", hostname: "h" }, clock: systemClock, version });
    await cheapenKeys(this.#store(), PASSWORD);
  }

  /** Three snapshots that share a part of their data each, made by restic. */
  async backUp(): Promise<void> {
    await writeFile(join(this.source, "same"), randomBytes(3 << 20));
    for (let nr = 0; nr < 3; nr++) {
      await writeFile(join(this.source, "changing"), randomBytes(2 << 20));
      await writeFile(join(this.source, "folder", "text"), `version ${nr} `.repeat(100_000));
      await writeFile(join(this.source, "folder", `small-${nr}`), `small ${nr}`);
      await this.restic("backup", "--host", "h", this.source);
    }
  }

  async session<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const repository = await openRepository(this.#store(), SECRET);
    const report = (): void => undefined;
    await using session = await openSession(repository, { lock: "exclusive", clock: systemClock, report, signal: this.#signal });
    return await work(session);
  }

  /** All but the newest. */
  async forgetOld(): Promise<void> {
    await this.session(async (session) => {
      await executeForget(session, planForgetByName(session.snapshots, session.snapshots.slice(0, -1)), { clock: systemClock, progress });
    });
  }

  async prune(options: Partial<PruneOptions> = {}): Promise<{ readonly plan: PrunePlan; readonly result: PruneResult }> {
    return this.session(async (session) => {
      const all: PruneOptions = {
        clock: systemClock,
        report: ({ message }) => assert.fail(message),
        progress,
        maxUnused: { bytes: 0 },
        ...options,
      };
      const plan = await planPrune(session, all);
      return { plan, result: await executePrune(session, plan, all) };
    });
  }

  /** restic finds nothing wrong, and restores what the source was. */
  async assertWhole(): Promise<void> {
    const { stdout } = await this.restic("check", "--read-data");
    assert.match(stdout, /no errors were found/);
    const target = join(this.#root, "target");
    await this.restic("restore", `latest:${this.source}`, "--target", target);
    for (const name of ["same", "changing", "folder/text", "folder/small-0", "folder/small-2"]) {
      assert.deepEqual(await readFile(join(target, name)), await readFile(join(this.source, name)), name);
    }
    await rm(target, { recursive: true });
  }

  #store(): FileStore {
    return new FileStore(this.folder, systemClock);
  }
}

const KINDS: readonly { readonly by: "restic" | "holdfast"; readonly version: RepositoryVersion }[] = [
  { by: "restic", version: 1 },
  { by: "restic", version: 2 },
  { by: "holdfast", version: 2 },
];

for (const { by, version } of KINDS) {
  test(`A repository of ${by} in version ${version} of the format passes restic's check after each step of forget and prune`, async (t) => {
    const shared = await Shared.create(t);
    await shared.init(by, version);
    await shared.backUp();
    await shared.forgetOld();
    const first = await shared.prune();
    assert.ok(first.result.marked.packs > 0);
    await shared.assertWhole();
    const second = await shared.prune({ graceMs: 0 });
    assert.equal(second.result.deleted.packs, first.result.marked.packs);
    await shared.assertWhole();
    assert.match((await shared.restic("prune", "--dry-run", "--max-unused", "0")).stdout, /total prune: +0 blobs \/ 0 B/);
    await shared.restic("backup", "--host", "h", shared.source);
    await shared.assertWhole();
  });
}

test("restic's prune between our steps takes the marked packs, and ours goes on", async (t) => {
  const shared = await Shared.create(t);
  await shared.init("holdfast", 2);
  await shared.backUp();
  await shared.forgetOld();
  const { result } = await shared.prune();
  assert.ok(result.marked.packs > 0);
  await shared.restic("prune");
  await shared.assertWhole();
  const { plan } = await shared.prune({ graceMs: 0 });
  assert.deepEqual([plan.wait.packs, plan.delete.packs], [0, 0]);
  await shared.assertWhole();
});

test("Marked packs that restic's repair puts back into the index count as any others", async (t) => {
  const shared = await Shared.create(t);
  await shared.init("holdfast", 2);
  await shared.backUp();
  await shared.forgetOld();
  await shared.prune();
  await shared.restic("repair", "index");
  await shared.restic("backup", "--host", "h", "--force", shared.source);
  await shared.assertWhole();
  await shared.prune({ graceMs: 0 });
  await shared.assertWhole();
  await shared.prune({ graceMs: 0 });
  await shared.assertWhole();
});

test("prune compresses what restic stored without compression", async (t) => {
  const shared = await Shared.create(t);
  await shared.init("restic", 2);
  await writeFile(join(shared.source, "folder", "text"), "compressible ".repeat(500_000));
  await shared.restic("backup", "--compression", "off", shared.source);
  const { result } = await shared.prune({ repackUncompressed: true, graceMs: 0 });
  assert.ok(result.written.bytes < result.deleted.bytes / 10);
  assert.match((await shared.restic("check", "--read-data")).stdout, /no errors were found/);
});
