/** The process behind {@link generate}: `generate.ts WRITER SEED TARGET OF`. */
import { Seeded } from "./seeded.ts";
import { type Writer, WRITERS } from "./writers.ts";

const [writer = "", seed = "", target = "", of = ""] = process.argv.slice(2);
const write = (WRITERS as Readonly<Record<string, Writer | undefined>>)[writer];
if (write === undefined) throw new Error(`Cannot generate "${writer}": there is no such writer`);
write(new Seeded(`${seed}/${writer}`), target, of);
