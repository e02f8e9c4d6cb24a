import assert from "node:assert/strict";
import { test } from "node:test";
import { environment } from "../support/environment.ts";
import { IDLE, pod } from "../support/manifests.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";

test("pods reach each other by Service name, and the API server by its own", { skip: SKIP_WITHOUT_CLUSTER }, async (t) => {
  const cluster = await environment(t).cluster();
  const image = await cluster.image("shell");
  const serve = "mkdir -p /tmp/www && echo hello from $HOSTNAME > /tmp/www/index.html && echo serving && exec httpd -f -p 8080 -h /tmp/www";
  await cluster.apply(
    pod("web", { image, command: ["sh", "-c", serve], labels: { app: "web" } }),
    pod("client", { image, command: IDLE }),
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "site" },
      spec: { selector: { app: "web" }, ports: [{ port: 80, targetPort: 8080 }] },
    },
  );
  await cluster.waitFor("pod/web", "condition=Ready");
  await cluster.waitFor("pod/client", "condition=Ready");

  const page = "timeout 20 sh -c 'until wget -qO- http://site; do sleep 0.2; done'"; // the Service's rules follow its pod within a moment
  assert.equal((await cluster.exec("client", "sh", "-c", page)).trim(), "hello from web");
  assert.equal((await cluster.exec("web", "sh", "-c", page)).trim(), "hello from web", "a pod reaches itself through its Service");
  assert.equal((await cluster.kubectl("logs", "web")).trim(), "serving");
  const token = "/var/run/secrets/kubernetes.io/serviceaccount";
  const address = await cluster.exec(
    "client",
    "sh",
    "-c",
    `nslookup kubernetes.default.svc.cluster.local | tail -n +3; nc -w 2 kubernetes.default 443 < /dev/null && ls ${token}`,
  );
  assert.match(address, /10\.\d+\.128\.1\b/);
  assert.match(address, /token/);
});
