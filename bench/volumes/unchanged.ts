import { installShop } from "../../dev/demo/scenario.ts";
import { atMost, Figures, type Outcome } from "../part.ts";
import { median } from "../results.ts";
import { Holdfast } from "./holdfast.ts";
import type { VolumesBench, VolumesPart } from "./part.ts";
import { Timeline } from "./timeline.ts";

const NAMESPACE = "shop";
const LIMIT_S = 15;

export const unchangedPart: VolumesPart = {
  name: "unchanged",
  description: "backup of the shop of the demo, which takes no more orders since the one before",
  run: unchanged,
};

async function unchanged(bench: VolumesBench): Promise<Outcome> {
  await using site = await bench.openSite();
  const { kubectl, images, api, signal } = site;
  const figures = new Figures(bench);
  const stage = { kubectl, namespace: NAMESPACE, copy: `${NAMESPACE}-copy`, images, otherClass: undefined, environment: {}, signal };
  await installShop(stage);
  await kubectl.run("scale", "--namespace", NAMESPACE, "deployment/orders", "--replicas=0");
  await kubectl.run("wait", "--namespace", NAMESPACE, "pod", "--selector=app=orders", "--for=delete", "--timeout=60s");
  const holdfast = await Holdfast.start(site);
  const once = await holdfast.backUp(NAMESPACE);
  figures.add("first", "holdfast backup", { "wall s": once.seconds });
  const seconds: number[] = [];
  for (let round = 0; round < bench.runs; round++) {
    await using timeline = await Timeline.start(api, NAMESPACE);
    const startMs = Date.now();
    const again = await holdfast.backUp(NAMESPACE);
    figures.add("unchanged", "holdfast backup", { "wall s": again.seconds, ...timeline.stages(startMs, Date.now()) });
    seconds.push(again.seconds);
  }
  return { figures: figures.all, goals: [atMost(`unchanged shop: under ${LIMIT_S} s`, median(seconds), LIMIT_S, " s")] };
}
