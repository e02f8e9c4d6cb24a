import { access } from "node:fs/promises";
import { join } from "node:path";
import { down } from "../../dev/cluster/down.ts";
import { stateDir } from "../../dev/cluster/spec.ts";
import { run } from "../../dev/host/run.ts";
import { atMost, Figures, type Outcome } from "../part.ts";
import type { VolumesBench, VolumesPart } from "./part.ts";

const LIMIT_MIN = 4;
const CLUSTER = "demo";
const ROOT = join(import.meta.dirname, "../..");
const STEP = /^(?<title>\S.*?)\s+(?<seconds>\d+\.\d) s$/gm;

export const demoPart: VolumesPart = {
  name: "demo",
  description: "`make demo`, with its cluster, with all that is built in the cache",
  run: demo,
};

async function demo(bench: VolumesBench): Promise<Outcome> {
  const figures = new Figures(bench);
  const wasThere = await access(stateDir(CLUSTER)).then(
    () => true,
    () => false,
  );
  await using owned = new AsyncDisposableStack();
  if (!wasThere) owned.defer(async () => down(CLUSTER));
  const startMs = performance.now();
  const { stdout } = await run("make", ["--directory", ROOT, "demo"], { signal: bench.signal });
  const minutes = (performance.now() - startMs) / 60_000;
  for (const { groups } of stdout.slice(stdout.lastIndexOf("\n\n")).matchAll(STEP)) {
    figures.add(groups?.["title"] ?? "", "make demo", { "wall s": Number(groups?.["seconds"]) });
  }
  return { figures: figures.all, goals: [atMost(`make demo: under ${LIMIT_MIN} minutes`, minutes, LIMIT_MIN, " min")] };
}
