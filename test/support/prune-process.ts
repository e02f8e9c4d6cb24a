/** Prunes the small repository in a folder, without grace; says so when it begins. To be killed. */
import { LeapingClock, SmallRepository } from "../../src/repository/prune/testing/small-repository.ts";
import { executePrune } from "../../src/repository/prune/execute.ts";
import { planPrune } from "../../src/repository/prune/plan.ts";
import { FileStore } from "../../src/storage/file.ts";
import { systemClock } from "../../src/base/clock.ts";

const [folder = ""] = process.argv.slice(2);
const clock = new LeapingClock();
const repository = await SmallRepository.open(new FileStore(folder, systemClock), clock);
await using session = await repository.session("exclusive");
const options = { clock, report: () => undefined, progress: () => undefined, maxUnused: { bytes: 0 }, graceMs: 0 };
process.stdout.write("begins\n");
await executePrune(session, await planPrune(session, options), options);
