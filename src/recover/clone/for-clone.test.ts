import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "../../kube/json.ts";
import { objectIn } from "../../kube/json.ts";
import type { PointObject } from "../../point/point-object.ts";
import type { ReadyObject } from "../point-source.ts";
import { prepare } from "../prepare/prepare.ts";
import type { LeftOut } from "../prepare/prepared.ts";
import { targetOf } from "../prepare/target.ts";
import type { CloneOptions } from "./clone-options.ts";
import { cloneSource } from "./clone-source.ts";
import { forClone } from "./for-clone.ts";

const OPTIONS: CloneOptions = { maxReplicas: 1, open: [], openEgress: [], external: "skip", externalGroups: [], readOnlyVolumes: false };
const target = targetOf({ isSameCluster: true, namespaces: new Map([["shop", "copy"]]) });

function cloned(apiVersion: string, kind: string, fields: JsonObject, options: Partial<CloneOptions> = {}): LeftOut | ReadyObject {
  const [group = "", version = ""] = apiVersion.includes("/") ? apiVersion.split("/") : ["", apiVersion];
  const metadata = { name: "web", namespace: "shop", ...objectIn(fields, "metadata") };
  const object = { apiVersion, kind, ...fields, metadata };
  const plural = `${kind.toLowerCase()}s`;
  const prepared = prepare({ resource: { group, version, plural }, namespace: "shop", name: "web", object }, target);
  assert.ok(prepared.kind === "object");
  return forClone(prepared, { ...OPTIONS, ...options });
}

function written(outcome: LeftOut | ReadyObject): JsonObject {
  assert.ok(outcome.kind === "object", JSON.stringify(outcome));
  return outcome.object;
}

function isLeftOut(outcome: LeftOut | ReadyObject): boolean {
  return outcome.kind === "left-out" && outcome.code === "outside";
}

test("workloads keep at most the replicas that are asked for, and never get more", () => {
  const spec = (replicas: number, options?: Partial<CloneOptions>): unknown =>
    objectIn(written(cloned("apps/v1", "Deployment", { spec: { replicas } }, options)), "spec")["replicas"];
  assert.deepEqual([spec(3), spec(1), spec(0)], [1, 1, 0]);
  assert.equal(spec(3, { maxReplicas: 0 }), 0);
  const { maxReplicas: _, ...asMany } = OPTIONS;
  const prepared = prepare(
    {
      resource: { group: "apps", version: "v1", plural: "deployments" },
      namespace: "shop",
      name: "web",
      object: { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web" }, spec: { replicas: 3 } },
    },
    target,
  );
  assert.equal(objectIn(written(forClone(prepared as ReadyObject, asMany)), "spec")["replicas"], 3);
  assert.ok(isLeftOut(cloned("autoscaling/v2", "HorizontalPodAutoscaler", { spec: { minReplicas: 5 } })));
});

test("schedules and jobs are suspended, unless they are opened by name", () => {
  const suspend = (options?: Partial<CloneOptions>): unknown =>
    objectIn(written(cloned("batch/v1", "CronJob", { spec: { schedule: "* * * * *" } }, options)), "spec")["suspend"];
  assert.equal(suspend(), true);
  assert.equal(suspend({ open: ["CronJob/web"] }), undefined);
});

test("nobody reaches the copy from outside, or by a name of the original", () => {
  const metadata = { annotations: { "external-dns.alpha.kubernetes.io/hostname": "shop.example.com", kept: "yes" } };
  const spec = { type: "LoadBalancer", loadBalancerIP: "1.2.3.4", externalIPs: ["5.6.7.8"], ports: [{ port: 80, nodePort: 30_080 }] };
  const service = written(cloned("v1", "Service", { metadata, spec }));
  assert.deepEqual(service["spec"], { type: "ClusterIP", ports: [{ port: 80 }] });
  assert.deepEqual(objectIn(objectIn(service, "metadata"), "annotations"), { kept: "yes" });
  assert.ok(isLeftOut(cloned("networking.k8s.io/v1", "Ingress", { spec: {} })));
  assert.ok(isLeftOut(cloned("v1", "Service", { spec: { type: "ExternalName", externalName: "db.example.com" } })));
  assert.equal(cloned("networking.k8s.io/v1", "Ingress", { spec: {} }, { open: ["Ingress/web"] }).kind, "object");
});

test("pods have no identity in a cloud, and none of the network of their nodes", () => {
  const account = written(cloned("v1", "ServiceAccount", { metadata: { annotations: { "eks.amazonaws.com/role-arn": "arn" } } }));
  assert.deepEqual(account["metadata"], { name: "web", namespace: "copy" });
  assert.ok(isLeftOut(cloned("apps/v1", "DaemonSet", { spec: { template: { spec: { hostNetwork: true } } } })));
});

test("policies that come along let nobody out", () => {
  const policy = (spec: JsonObject): LeftOut | ReadyObject =>
    cloned("networking.k8s.io/v1", "NetworkPolicy", { spec: { podSelector: {}, ...spec } });
  assert.ok(isLeftOut(policy({ policyTypes: ["Egress"], egress: [{}] })));
  assert.deepEqual(written(policy({ policyTypes: ["Ingress", "Egress"], egress: [{}], ingress: [{}] }))["spec"], {
    podSelector: {},
    ingress: [{}],
    policyTypes: ["Ingress"],
  });
  // Without types, egress rules make it one for egress, too.
  assert.deepEqual(written(policy({ egress: [{}] }))["spec"], { podSelector: {}, policyTypes: ["Ingress"] });
  assert.deepEqual(written(policy({ ingress: [{}] }))["spec"], { podSelector: {}, ingress: [{}] });
  assert.ok(isLeftOut(cloned("cilium.io/v2", "CiliumNetworkPolicy", { spec: {} })));
});

test("what owns something outside stays out, or is only looked at where its controller can be told to", () => {
  assert.ok(isLeftOut(cloned("s3.services.k8s.aws/v1alpha1", "Bucket", { spec: {} })));
  assert.ok(isLeftOut(cloned("files.example.com/v1", "File", { spec: {} }, { externalGroups: ["*.example.com"] })));
  assert.equal(cloned("files.example.com/v1", "File", { spec: {} }).kind, "object");
  const observed = written(
    cloned("s3.aws.upbound.io/v1", "Bucket", { spec: { deletionPolicy: "Delete", forProvider: {} } }, { external: "observe" }),
  );
  assert.deepEqual(observed["spec"], { forProvider: {}, managementPolicies: ["Observe"] });
  assert.ok(
    isLeftOut(cloned("sql.cnrm.cloud.google.com/v1beta1", "SQLInstance", { spec: {} }, { external: "observe" })),
    "it cannot be told",
  );
});

test("finalizers of controllers stay behind, also where an object is opened", () => {
  const metadata = { finalizers: ["files.example.com/file"] };
  for (const open of [[], ["File/web"]]) {
    const object = written(cloned("files.example.com/v1", "File", { metadata, spec: {} }, { open }));
    assert.deepEqual(object["metadata"], { name: "web", namespace: "copy" });
  }
});

test("containers cannot write to their claims if that is asked for", () => {
  const template = {
    spec: {
      volumes: [
        { name: "data", persistentVolumeClaim: { claimName: "data" } },
        { name: "tmp", emptyDir: {} },
      ],
      containers: [{ name: "a", volumeMounts: ["data", "tmp", "own"].map((name) => ({ name, mountPath: `/${name}` })) }],
    },
  };
  const spec = { template, volumeClaimTemplates: [{ metadata: { name: "own" } }] };
  const [container] = objectIn(
    objectIn(objectIn(written(cloned("apps/v1", "StatefulSet", { spec }, { readOnlyVolumes: true })), "spec"), "template"),
    "spec",
  )["containers"] as [JsonObject];
  assert.deepEqual(container["volumeMounts"], [
    { name: "data", mountPath: "/data", readOnly: true },
    { name: "tmp", mountPath: "/tmp" },
    { name: "own", mountPath: "/own", readOnly: true },
  ]);
});

test("a copy has one policy more, which lets pods reach each other, names, and what is opened", async () => {
  const captured: PointObject = {
    resource: { group: "networking.k8s.io", version: "v1", plural: "networkpolicies" },
    namespace: "shop",
    name: "own",
    object: { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata: { name: "own" } },
  };
  const source = {
    id: "x",
    dependencies: [],
    resources: [{ ...captured.resource, kind: "NetworkPolicy", count: 1 }],
    async *objects() {
      yield captured;
    },
  };
  const openEgress = ["10.1.0.0/16", "payments", "10.0.0.1"];
  const clone = cloneSource(source, { kind: "namespace", name: "shop", namespaces: ["shop"] }, { ...OPTIONS, openEgress });
  assert.deepEqual(clone.resources, [{ ...captured.resource, kind: "NetworkPolicy", count: 2 }]);
  const [own, ours] = await Array.fromAsync(clone.objects(captured.resource));
  assert.equal(own, captured);
  const { egress, podSelector, policyTypes } = objectIn(ours?.object, "spec");
  assert.deepEqual([podSelector, policyTypes], [{}, ["Egress"]]);
  const opened = (egress as readonly JsonObject[]).slice(2);
  assert.deepEqual(opened, [
    { to: [{ ipBlock: { cidr: "10.1.0.0/16" } }] },
    { to: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "payments" } } }] },
    { to: [{ ipBlock: { cidr: "10.0.0.1/32" } }] },
  ]);
  const refused = { ...OPTIONS, openEgress: ["10.1.0.0/33"] };
  assert.throws(() => cloneSource(source, { kind: "namespace", name: "shop", namespaces: ["shop"] }, refused), { code: "clone_egress" });
});
