/** The choice between the native way and plain Node's, made once by each thread. */

export interface Choice<T> {
  readonly taken: T;
  /** Why it is not the native one. */
  readonly fallback?: string;
}

/** Takes what `native` makes if it can be made and passes `check`, else what `plain` makes. */
export function chooseBackEnd<T>(native: () => T, plain: () => T, check: (backEnd: T) => void): Choice<T> {
  try {
    const candidate = native();
    check(candidate);
    return { taken: candidate };
  } catch (error) {
    const substitute = plain();
    check(substitute);
    return { taken: substitute, fallback: error instanceof Error ? error.message : String(error) };
  }
}
