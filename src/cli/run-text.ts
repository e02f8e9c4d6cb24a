/** Runs as people and programs read them. */
import type { JsonObject } from "../kube/json.ts";
import type { RecordedRun, RunSummary } from "../run/records.ts";
import { stepOf } from "../recover/swap/steps.ts";
import { nameOfClaim } from "../recover/swap/exchange.ts";
import { formatElapsed } from "./duration.ts";

/** Enough to tell runs apart that began in different minutes. */
export const SHOWN_LETTERS = 12;

export function runJson({ header, end }: RunSummary): Readonly<Record<string, unknown>> {
  return { ...header, outcome: end?.outcome ?? "open", endTime: end?.time ?? null, facts: end?.facts ?? {} };
}

/** `shop` of `prod/shop/_namespace`, with its cluster: `prod/shop`. */
export function unitText(path: string): string {
  return path.replace(/\/_namespace$/, "").replace("/_applications/", "/");
}

export function outcomeText({ end }: Pick<RunSummary, "end">): string {
  if (end === undefined) return "open: works still, or was killed";
  const downtimeMs = end.facts["downtimeMs"];
  return typeof downtimeMs === "number" ? `${end.outcome}, not served for ${formatElapsed(downtimeMs)}` : end.outcome;
}

/** One line for each entry. */
export function entryText(entry: RecordedRun["entries"][number]): string {
  return entry.type === "mark" ? (MARKS[entry.mark] ?? entry.mark) : stepText(entry.step);
}

const MARKS: Readonly<Record<string, string>> = {
  serving: "pods are started on the new volumes",
  ready: "pods are ready",
  "rolling-back": "goes back to the old volumes",
  "going-on": "gone on with after it was killed",
};
const ROLES = { new: "new", old: "old", returning: "returning" } as const;
const PURPOSES = { pause: "pause", retain: "keep the claims of", stop: "stop" } as const;

function stepText(json: JsonObject): string {
  const step = stepOf(json);
  switch (step.kind) {
    case "keep":
      return `keep the ${ROLES[step.role]} volume ${step.volume} of claim ${step.claim.namespace}/${step.claim.name}`;
    case "reserve":
      return `reserve volume ${step.volume} for claim ${step.claim.namespace}/${step.claim.name}`;
    case "set": {
      const was = JSON.stringify(step.old);
      return `${PURPOSES[step.purpose]} ${step.resource.kind} ${step.namespace}/${step.name}: ${step.path.join(".")} was ${was}`;
    }
    case "exchange": {
      const { namespace, name } = nameOfClaim(step.claim);
      return `exchange the volume of claim ${namespace}/${name}: ${step.from} for ${step.to}`;
    }
    default:
      return JSON.stringify(json);
  }
}
