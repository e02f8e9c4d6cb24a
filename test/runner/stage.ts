/** A stage of the run: something that can pass or fail, with a name for the command line. */
import type { Tally } from "./tally.ts";

export interface StageContext {
  /** The checkout: an absolute path. */
  readonly root: string;
  /** Aborted when the run is interrupted: children are ended then. */
  readonly signal: AbortSignal;
  /** Shows a line at once. */
  readonly print: (line: string) => void;
}

export interface Stage {
  readonly name: string;
  /** Undefined when there is nothing for it in this checkout. */
  run(context: StageContext): Promise<Tally | undefined>;
}
