/** Entry point of movers, started in their pods with nothing but a Secret. It imports little: a mover is to start in half a second. */
import { writeSync } from "node:fs";
import { systemClock } from "../../base/clock.ts";
import { DomainError } from "../../base/errors.ts";
import { POD_PLACES } from "./places.ts";
import { runMover } from "./run-mover.ts";

const STDOUT = 1;

const abort = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.on(name, () => abort.abort(new DomainError("cancelled", "interrupted", `Cancelled by ${name}`)));
}
const code = await runMover({
  places: POD_PLACES,
  clock: systemClock,
  environment: process.env,
  write: (line) => writeSync(STDOUT, line),
  signal: abort.signal,
});
// Threads and connections that are still open have nothing to say any more.
process.exit(code);
