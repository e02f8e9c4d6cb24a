import assert from "node:assert/strict";
import { test } from "node:test";
import { configMap } from "../support/kube.ts";
import { succeeded } from "../support/location.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";
import { type Restored, type RestoreWorld, restoreWorld } from "../support/restore-world.ts";

const skip = SKIP_WITHOUT_CLUSTER;
const SECRET = "nobody-is-to-see-this";
const GROUP = "admissionregistration.k8s.io/v1";

/** Rejects what is labelled `bad` in one namespace, and says the value of Secrets as it does so. */
async function rejectBad(
  { cluster }: RestoreWorld,
  namespace: string,
  t: { after: (work: () => Promise<unknown>) => void },
): Promise<void> {
  const name = `${namespace}-policy`;
  t.after(async () => cluster.kubectl("delete", "validatingadmissionpolicy,validatingadmissionpolicybinding", name, "--ignore-not-found"));
  const rule = { apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps", "secrets"] };
  const words = "object.kind == 'Secret' ? 'weak: ' + object.data.password : 'not in this company'";
  await cluster.apply(
    {
      apiVersion: GROUP,
      kind: "ValidatingAdmissionPolicy",
      metadata: { name },
      spec: {
        matchConstraints: { resourceRules: [rule] },
        validations: [{ expression: "!has(object.metadata.labels) || !('bad' in object.metadata.labels)", messageExpression: words }],
      },
    },
    {
      apiVersion: GROUP,
      kind: "ValidatingAdmissionPolicyBinding",
      metadata: { name },
      spec: {
        policyName: name,
        validationActions: ["Deny"],
        matchResources: { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } } },
      },
    },
  );
}

test("what admission rejects is named with its words, all else is restored, and the restore is partial", { skip }, async (t) => {
  const bad = { labels: { bad: "yes" } };
  const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "password", ...bad }, stringData: { password: SECRET } };
  const world = await restoreWorld(t, async () => [configMap("good", { a: "1" }), configMap("bad", { a: "1" }, bad), secret]);
  const { cluster, cli, namespace } = world;
  succeeded(await cli.run("backup", namespace));
  const copy = world.other("copy");
  await cluster.kubectl("create", "namespace", copy);
  await rejectBad(world, copy, t);
  const canary = ["create", "configmap", "canary", `--namespace=${copy}`, "--dry-run=server"];
  await cluster.kubectl(...canary);
  let isEnforced = false;
  for (let attempt = 0; attempt < 50 && !isEnforced; attempt++) {
    const dry = await cli.run("restore", namespace, "--to-namespace", copy, "--dry-run", "-o", "json");
    isEnforced = dry.exitCode === 3;
    if (isEnforced) assert.match(dry.stdout, /"refusal":".*not in this company/);
  }
  assert.ok(isEnforced);
  const result = await cli.run("restore", namespace, "--to-namespace", copy, "-o", "json");
  assert.equal(result.exitCode, 3, result.stderr);
  const { created, failed, findings } = result.json() as Restored;
  assert.deepEqual([created > 0, failed], [true, 2]);
  assert.deepEqual(findings.map(({ code, object }) => `${code} ${object}`).toSorted(), [
    `create_refused ConfigMap "bad" in namespace "${copy}"`,
    `create_refused Secret "password" in namespace "${copy}"`,
  ]);
  assert.match(findings.find(({ object }) => object.startsWith("ConfigMap"))?.message ?? "", /denied request: not in this company/);
  const encoded = Buffer.from(SECRET).toString("base64");
  assert.ok([SECRET, encoded].every((value) => !result.stdout.includes(value) && !result.stderr.includes(value)));
  assert.equal(await cluster.kubectl("get", "configmap/good", `--namespace=${copy}`, "--output=jsonpath={.data.a}"), "1");
});
