/**
 * Creates ConfigMaps and Secrets as fast as one process can: POST after POST on 16 kept connections, and no answer is looked at but for its
 * number. `node bench/objects/plain-creates.ts KUBECONFIG NAMESPACE COUNT`
 */
import { Pool } from "undici";
import { forEachConcurrent } from "../../src/base/concurrency.ts";
import { loadAccess } from "../../src/kube/kubeconfig/load.ts";
import { contentOf } from "./content.ts";

const CONNECTIONS = 16;

const [, , kubeconfig = "", namespace = "", count = ""] = process.argv;
const { server, trust, user } = await loadAccess({ environment: {}, file: kubeconfig });
const pool = new Pool(server, { connections: CONNECTIONS, connect: { ...user.certificate, ca: trust.ca } });
const numbers = Array.from({ length: Number(count) }, (_, number) => number);
await forEachConcurrent(numbers, { limit: CONNECTIONS }, async (number) => {
  const { plural, object } = contentOf(number);
  const response = await pool.request({
    method: "POST",
    path: `/api/v1/namespaces/${namespace}/${plural}`,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(object),
  });
  await response.body.dump();
  if (response.statusCode !== 201) throw new Error(`Cannot create ${plural} ${number}: ${response.statusCode}`);
});
await pool.close();
