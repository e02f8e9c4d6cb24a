import { atMost, costValues, Figures, type Outcome } from "../part.ts";
import { fill } from "./cluster-content.ts";
import { Holdfast } from "./holdfast.ts";
import type { ObjectsBench, ObjectsPart } from "./part.ts";

const SIZES = [1_000, 100_000] as const;

export const memoryPart: ObjectsPart = {
  name: "memory",
  description: "capture of 1,000 and of 100,000 ConfigMaps and Secrets",
  run: memory,
};

async function memory(bench: ObjectsBench): Promise<Outcome> {
  const figures = new Figures(bench);
  const holdfast = await Holdfast.start(bench.site);
  let peakBytes = 0;
  for (const size of SIZES) {
    await fill(bench.site, `shop-${size}`, size);
    const cost = await holdfast.backUp(`shop-${size}`);
    figures.add(`capture of ${size.toLocaleString("en")} objects`, "holdfast", costValues(cost));
    peakBytes = Math.max(peakBytes, cost.peakBytes);
  }
  return { figures: figures.all, goals: [atMost("memory of a capture: under 250 MB", peakBytes / 1e6, 250, " MB")] };
}
