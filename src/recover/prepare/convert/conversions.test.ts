import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "../../../kube/json.ts";
import { conversionOf } from "./conversions.ts";

function converted(apiVersion: string, plural: string, spec: JsonObject): JsonObject {
  const [version = "", group = ""] = apiVersion.split("/").toReversed();
  const conversion = conversionOf({ group, version, plural });
  assert.ok(conversion !== undefined && "convert" in conversion, `there is a rule for ${plural} of ${apiVersion}`);
  return conversion.convert({ apiVersion, kind: "Any", metadata: { name: "a" }, spec });
}

test("conversionOf() knows no rule for what servers serve, and says why for what has no successor", () => {
  assert.equal(conversionOf({ group: "apps", version: "v1", plural: "deployments" }), undefined);
  const policy = conversionOf({ group: "policy", version: "v1beta1", plural: "podsecuritypolicies" });
  assert.ok(policy !== undefined && "reason" in policy);
});

test("An ingress of a beta names its services and the kind of its paths", () => {
  const before = {
    backend: { serviceName: "other", servicePort: "http" },
    rules: [{ http: { paths: [{ path: "/", backend: { serviceName: "web", servicePort: 80 } }] } }],
  };
  const { apiVersion, spec = null } = converted("extensions/v1beta1", "ingresses", before);
  assert.equal(apiVersion, "networking.k8s.io/v1");
  assert.deepEqual(spec, {
    defaultBackend: { service: { name: "other", port: { name: "http" } } },
    rules: [
      { http: { paths: [{ path: "/", pathType: "ImplementationSpecific", backend: { service: { name: "web", port: { number: 80 } } } }] } },
    ],
  });
});

test("A disruption budget of a beta that meant no pod does not come to mean every pod", () => {
  assert.deepEqual(converted("policy/v1beta1", "poddisruptionbudgets", { minAvailable: 1, selector: {} })["spec"], { minAvailable: 1 });
  const selector = { matchLabels: { a: "b" } };
  assert.deepEqual(converted("policy/v1beta1", "poddisruptionbudgets", { selector })["spec"], { selector });
});

test("An autoscaler of the first beta has its targets in one place", () => {
  const metrics = [
    { type: "Resource", resource: { name: "cpu", targetAverageUtilization: 80 } },
    { type: "Pods", pods: { metricName: "requests", targetAverageValue: "10" } },
    { type: "Object", object: { target: { kind: "Service", name: "web" }, metricName: "hits", targetValue: "5" } },
    { type: "External", external: { metricName: "queue", metricSelector: { matchLabels: { a: "b" } }, targetValue: "30" } },
  ];
  assert.deepEqual(converted("autoscaling/v2beta1", "horizontalpodautoscalers", { metrics })["spec"], {
    metrics: [
      { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 80 } } },
      { type: "Pods", pods: { metric: { name: "requests" }, target: { type: "AverageValue", averageValue: "10" } } },
      {
        type: "Object",
        object: { metric: { name: "hits" }, describedObject: { kind: "Service", name: "web" }, target: { type: "Value", value: "5" } },
      },
      {
        type: "External",
        external: { metric: { name: "queue", selector: { matchLabels: { a: "b" } } }, target: { type: "Value", value: "30" } },
      },
    ],
  });
});

test("A level of priority of an early beta keeps its shares under their new name", () => {
  const spec = { limited: { assuredConcurrencyShares: 5, lendablePercent: 0 } };
  assert.deepEqual(converted("flowcontrol.apiserver.k8s.io/v1beta2", "prioritylevelconfigurations", spec)["spec"], {
    limited: { nominalConcurrencyShares: 5, lendablePercent: 0 },
  });
});

test("A workload of a beta selects the pods that it makes", () => {
  const template = { metadata: { labels: { app: "a" } } };
  assert.deepEqual(converted("extensions/v1beta1", "deployments", { template, rollbackTo: {} })["spec"], {
    selector: { matchLabels: { app: "a" } },
    template,
  });
  const selector = { matchLabels: { app: "b" } };
  assert.deepEqual(converted("apps/v1beta2", "statefulsets", { selector, template })["spec"], { selector, template });
});

test("A definition of a beta says for each version what it said for all", () => {
  const spec = {
    group: "example.com",
    version: "v1",
    versions: [{ name: "v1", served: true, storage: true }],
    validation: { openAPIV3Schema: { type: "object", properties: {} } },
    subresources: { status: {} },
    additionalPrinterColumns: [{ name: "Age", type: "date", JSONPath: ".metadata.creationTimestamp" }],
    conversion: { strategy: "Webhook", webhookClientConfig: { service: { name: "web" } } },
  };
  assert.deepEqual(converted("apiextensions.k8s.io/v1beta1", "customresourcedefinitions", spec)["spec"], {
    group: "example.com",
    preserveUnknownFields: true,
    conversion: {
      strategy: "Webhook",
      webhook: { clientConfig: { service: { name: "web" } }, conversionReviewVersions: ["v1beta1"] },
    },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: "object", properties: {} } },
        subresources: { status: {} },
        additionalPrinterColumns: [{ name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" }],
      },
    ],
  });
});

test("What changed nothing but its version is as it was", () => {
  const spec = { schedule: "* * * * *" };
  const cron = converted("batch/v1beta1", "cronjobs", spec);
  assert.deepEqual([cron["apiVersion"], cron["spec"]], ["batch/v1", spec]);
});
