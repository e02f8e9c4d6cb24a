/** Freezes the only database of a namespace and holds it until it is killed: `node hold-database.ts KUBECONFIG NAMESPACE LIMIT-SECONDS`. */
import { argv, stdout } from "node:process";
import { systemClock } from "../../src/base/clock.ts";
import { findDatabases } from "../../src/blueprint/find-databases.ts";
import { readLibrary } from "../../src/blueprint/library.ts";
import { openQuiesce } from "../../src/blueprint/quiesce.ts";
import { KubeApi } from "../../src/kube/kube-api.ts";
import { loadAccess } from "../../src/kube/kubeconfig/load.ts";

const [kubeconfig = "", namespace = "", limit = ""] = argv.slice(2);
const { signal } = new AbortController();
const access = await loadAccess({ environment: { KUBECONFIG: kubeconfig }, signal });
const api = new KubeApi(access, { clock: systemClock, environment: {}, userAgent: "holdfast-test" });
const report = ({ message }: { readonly message: string }): boolean => stdout.write(`${message}\n`);
const [database] = await findDatabases(api, namespace, { blueprints: await readLibrary([], signal), report, signal });
if (database === undefined) throw new Error("there is no database");
const quiesced = await openQuiesce(api, database, { limitMs: Number(limit) * 1000, clock: systemClock, signal, report });
stdout.write(quiesced === undefined ? "failed\n" : "frozen\n");
// The connection keeps the process alive.
