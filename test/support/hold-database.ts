/** Freezes the only database of a namespace and holds it until it is killed: `node hold-database.ts KUBECONFIG NAMESPACE LIMIT-SECONDS`. */
import { argv, stdout } from "node:process";
import { systemClock } from "../../src/base/clock.ts";
import { readLibrary } from "../../src/blueprint/library.ts";
import { openQuiesce } from "../../src/blueprint/quiesce.ts";
import { recogniseDatabases } from "../../src/blueprint/recognise.ts";
import { KubeApi } from "../../src/kube/kube-api.ts";
import { loadAccess } from "../../src/kube/kubeconfig/load.ts";
import { listPages } from "../../src/kube/list.ts";
import { PODS } from "./kube.ts";

const [kubeconfig = "", namespace = "", limit = ""] = argv.slice(2);
const { signal } = new AbortController();
const access = await loadAccess({ environment: { KUBECONFIG: kubeconfig }, signal });
const api = new KubeApi(access, { clock: systemClock, environment: {}, userAgent: "holdfast-test" });
const pods = (await Array.fromAsync(listPages(api, PODS, { namespace }))).flatMap(({ items }) => items);
const report = ({ message }: { readonly message: string }): boolean => stdout.write(`${message}\n`);
const [database] = recogniseDatabases(pods, { blueprints: await readLibrary([], signal), owners: [], report });
if (database === undefined) throw new Error("there is no database");
const quiesced = await openQuiesce(api, database, { limitMs: Number(limit) * 1000, clock: systemClock, signal, report });
stdout.write(quiesced === undefined ? "failed\n" : "frozen\n");
// The connection keeps the process alive.
