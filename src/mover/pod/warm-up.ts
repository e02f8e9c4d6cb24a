/**
 * Run once when the image is built: does a little of all that movers do, so that Node keeps the compiled code of it (NODE_COMPILE_CACHE), and
 * a mover starts at once.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../base/clock.ts";
import { initRepository } from "../../repository/init.ts";
import { openRepository } from "../../repository/repository.ts";
import { FileStore } from "../../storage/file.ts";
import { parseAnswer } from "../answer.ts";
import { type MoverSuccess, type MoverWork, WORK_FORMAT } from "../work.ts";
import { runMover } from "./run-mover.ts";

const PASSWORD = "of nothing";

const folder = await mkdtemp(join(tmpdir(), "warm-up-"));
try {
  const [repository, secretFolder, source, target] = ["repository", "secret", "source", "target"].map((name) => join(folder, name));
  if (repository === undefined || secretFolder === undefined || source === undefined || target === undefined) throw new Error("no paths");
  for (const path of [repository, secretFolder, source, target]) await mkdir(path);
  await writeFile(join(source, "file"), new Uint8Array(1 << 20));
  await writeFile(join(source, "small"), "content");
  const store = new FileStore(repository, systemClock);
  const secret = { kind: "password", password: PASSWORD } as const;
  await initRepository(store, { secret, owner: { username: "root", hostname: "image" }, clock: systemClock });
  const { config } = await openRepository(store, secret);
  await writeFile(join(secretFolder, "password"), PASSWORD);
  const move = async (work: MoverWork, volumeFolder: string): Promise<MoverSuccess> => {
    await writeFile(join(secretFolder, "work.json"), JSON.stringify({ format: WORK_FORMAT, repository, repositoryId: config.id, work }));
    const answerFile = join(folder, "answer");
    const places = { secretFolder, volumeFolder, device: "", answerFile };
    await runMover({ places, clock: systemClock, environment: {}, write: () => undefined, signal: new AbortController().signal });
    const answer = parseAnswer(await readFile(answerFile, "utf8"));
    if (answer === undefined || answer instanceof Error) throw answer ?? new Error("no answer");
    return answer;
  };
  const stored = await move({ kind: "back-up", mode: "Filesystem", claimUid: "none", parent: undefined }, source);
  if (stored.tree !== undefined)
    await move({ kind: "fill", mode: "Filesystem", tree: stored.tree, root: stored.root, verify: true }, target);
  // A bucket is reached by what is not loaded for a folder.
  await Promise.all([import("../../storage/s3/store.ts"), import("../../storage/s3/url.ts")]);
} finally {
  await rm(folder, { recursive: true });
}
