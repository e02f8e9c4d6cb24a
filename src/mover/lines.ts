/** What a mover says while it works: lines of JSON on its standard output, which become the log of its pod. */
import type { Finding, FindingGrade, FindingSink } from "../base/finding.ts";
import type { Clock } from "../base/clock.ts";
import type { Progress, ProgressSink } from "../base/progress.ts";
import { isJsonObject, type JsonObject, type JsonValue, objectIn, parseJson, textIn } from "../kube/json.ts";
import type { MoverLine } from "./work.ts";

/** The log of a pod is kept on its node: it must not grow by every file. */
const PROGRESS_EVERY_MS = 1_000;
const GRADES: ReadonlySet<string> = new Set<FindingGrade>(["info", "partial", "critical"]);

export class MoverLines {
  readonly #write: (line: string) => void;
  readonly #clock: Clock;
  #shownMs = -Infinity;
  #findings = 0;

  constructor(write: (line: string) => void, clock: Clock) {
    this.#write = write;
    this.#clock = clock;
  }

  /** That were told. */
  get findings(): number {
    return this.#findings;
  }

  /** At once, so that it is seen to be there; what comes next need not wait for its turn. */
  begin(): void {
    this.#tell({ progress: { stage: "Opening the repository", doneBytes: 0, doneItems: 0 } });
  }

  readonly report: FindingSink = (finding) => {
    this.#findings++;
    this.#tell({ finding });
  };

  readonly progress: ProgressSink = (progress) => {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#shownMs < PROGRESS_EVERY_MS) return;
    this.#shownMs = nowMs;
    this.#tell({ progress });
  };

  #tell(line: MoverLine): void {
    this.#write(`${JSON.stringify(line)}\n`);
  }
}

/** undefined: it is none, as what Node itself prints when it ends badly. */
export function parseLine(text: string): MoverLine | undefined {
  let value: JsonValue;
  try {
    value = parseJson(text);
  } catch {
    return undefined;
  }
  if (!isJsonObject(value)) return undefined;
  const progress = progressOf(objectIn(value, "progress"));
  if (progress !== undefined) return { progress };
  const finding = findingOf(objectIn(value, "finding"));
  return finding && { finding };
}

function progressOf(value: JsonObject): Progress | undefined {
  const stage = textIn(value, "stage");
  const [doneBytes, doneItems] = [value["doneBytes"], value["doneItems"]];
  if (stage === undefined || typeof doneBytes !== "number" || typeof doneItems !== "number") return undefined;
  const { totalBytes, totalItems } = value;
  return {
    stage,
    doneBytes,
    doneItems,
    totalBytes: typeof totalBytes === "number" ? totalBytes : undefined,
    totalItems: typeof totalItems === "number" ? totalItems : undefined,
    current: textIn(value, "current"),
  };
}

function findingOf(value: JsonObject): Finding | undefined {
  const [grade, code, object, message] = ["grade", "code", "object", "message"].map((name) => textIn(value, name));
  if (grade === undefined || code === undefined || object === undefined || message === undefined || !GRADES.has(grade)) return undefined;
  return { grade: grade as FindingGrade, code, object, message };
}
