/** Movers as Jobs: so many at a time, and each begun anew if its pod is lost through no fault of its own. */
import { randomUUID } from "node:crypto";
import { DomainError } from "../../base/errors.ts";
import { Semaphore } from "../../base/semaphore.ts";
import type { Movers, MoversOptions, MoverTask } from "../movers.ts";
import type { MoverSuccess } from "../work.ts";
import { type MoverEnd, MoverPod } from "./mover-pod.ts";
import { ensureServiceAccount } from "./service-account.ts";

const MAX_ATTEMPTS = 3;

export function openMovers(options: MoversOptions): Movers {
  return new JobMovers(options);
}

class JobMovers implements Movers {
  readonly #options: MoversOptions;
  readonly #places: Semaphore;
  #account: Promise<void> | undefined;

  constructor(options: MoversOptions) {
    this.#options = options;
    this.#places = new Semaphore(options.limit);
  }

  async move(task: MoverTask, outer: AbortSignal): Promise<MoverSuccess> {
    const { run } = this.#options;
    const signal = AbortSignal.any([outer, run.signal]);
    using _ = await this.#places.acquire(signal);
    await (this.#account ??= ensureServiceAccount(run, run.signal));
    let isBegun = false;
    const lostPods: string[] = [];
    for (let attempt = 1; ; attempt++) {
      const { work } = task;
      const told: MoverTask = work.kind === "fill" && isBegun ? { ...task, work: { ...work, isBegun } } : task;
      const name = run.nameOf("mover", `${task.volume} ${randomUUID()}`);
      const end: MoverEnd = await new MoverPod(this.#options, told, name, lostPods).run(signal);
      if (end.kind === "answered") return this.#answerOf(task, end, end.answer);
      isBegun ||= end.hasBegun;
      if (end.pod !== undefined) lostPods.push(end.pod);
      if (attempt >= MAX_ATTEMPTS) throw lost(task, end.why);
      const message = `The mover of "${task.volume}" was lost and is begun anew: ${end.why}`;
      this.#options.report({ grade: "info", code: "mover_restarted", object: task.volume, message });
    }
  }

  #answerOf({ volume }: MoverTask, end: MoverEnd, answer: MoverSuccess | DomainError): MoverSuccess {
    const { report } = this.#options;
    for (const finding of end.findings) report(finding);
    if (answer instanceof DomainError) throw answer;
    if (end.findingCount < answer.findings) {
      const missing = answer.findings - end.findingCount;
      const message = `Cannot tell all that was found: ${missing} of ${answer.findings} findings did not come, as the log of the pod was cut`;
      report({ grade: "partial", code: "mover_findings_missing", object: volume, message });
    }
    return answer;
  }
}

function lost({ volume }: MoverTask, why: string): DomainError {
  return new DomainError("unavailable", "mover_lost", `Cannot finish the mover of "${volume}": it was lost ${MAX_ATTEMPTS} times; ${why}`, {
    hint: "What it has stored is kept: run it again when the nodes have room for it",
  });
}
