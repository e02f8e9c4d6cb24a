import { atMost, Figures, type Outcome } from "../part.ts";
import { Holdfast } from "./holdfast.ts";
import type { VolumesBench, VolumesPart } from "./part.ts";
import { Postgres } from "./postgres.ts";

const NAMESPACE = "bank";
const LIMIT_S = 20;

export const swapPart: VolumesPart = {
  name: "swap",
  description: "restore --swap of a PostgreSQL with a volume of 2 GB: how long it does not serve",
  run: swap,
};

async function swap(bench: VolumesBench): Promise<Outcome> {
  await using site = await bench.openSite();
  const figures = new Figures(bench);
  const holdfast = await Holdfast.start(site);
  const postgres = await Postgres.start(site, NAMESPACE);
  const megabytes = await postgres.megabytes();
  await holdfast.backUp(NAMESPACE);
  const { value, seconds } = await holdfast.swap(NAMESPACE);
  const downtimeSeconds = value.downtimeMs / 1_000;
  figures.add("swap", "holdfast restore --swap", { "downtime s": downtimeSeconds, "wall s": seconds, "data MB": megabytes });
  return { figures: figures.all, goals: [atMost(`downtime of a swap: under ${LIMIT_S} s`, downtimeSeconds, LIMIT_S, " s")] };
}
