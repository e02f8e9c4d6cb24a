/**
 * Does steps and takes them back. It knows nothing of what they are: a step is recorded, then done; to go back is to undo what the record
 * has, the last one first. So it is the same whether a step failed, or the process was killed before, in or after one.
 */
export interface StepHandlers<S> {
  /** May be called again for what is done, or half done. */
  readonly apply: (step: S) => Promise<void>;
  /** May be called for what was never done. */
  readonly undo: (step: S) => Promise<void>;
}

export interface StepLog<S> {
  /** Returns once it is kept. */
  readonly note: (step: S) => Promise<void>;
}

export class StepMachine<S> {
  readonly #log: StepLog<S>;
  readonly #handlers: StepHandlers<S>;
  readonly #noted: S[];

  /** @param noted What the record has already */
  constructor(log: StepLog<S>, handlers: StepHandlers<S>, noted: readonly S[] = []) {
    this.#log = log;
    this.#handlers = handlers;
    this.#noted = [...noted];
  }

  get noted(): readonly S[] {
    return this.#noted;
  }

  /** Notes all, then does all at once. */
  async apply(steps: readonly S[]): Promise<void> {
    await this.note(steps);
    await this.perform(steps);
  }

  /** For steps that are done later, when there is no time to write. */
  async note(steps: readonly S[]): Promise<void> {
    for (const step of steps) {
      await this.#log.note(step);
      this.#noted.push(step);
    }
  }

  /** Does what was noted, all at once. */
  async perform(steps: readonly S[]): Promise<void> {
    await settled(steps.map((step) => this.#handlers.apply(step)));
  }

  async undo(steps: readonly S[]): Promise<void> {
    await settled(steps.map((step) => this.#handlers.undo(step)));
  }

  /** @param groupOf Steps of one group that follow each other are undone at once; the next relies on them */
  async rollBack(groupOf: (step: S) => string): Promise<void> {
    const left = this.#noted.toReversed();
    for (let first = left[0]; first !== undefined; first = left[0]) {
      const group = groupOf(first);
      const end = left.findIndex((step) => groupOf(step) !== group);
      await this.undo(left.splice(0, end === -1 ? left.length : end));
    }
  }
}

/** All come to their end before the first failure is thrown. */
async function settled(work: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(work)) if (result.status === "rejected") throw result.reason;
}
