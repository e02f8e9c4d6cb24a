import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "../../kube/json.ts";
import { isFinal, notStarted } from "./not-started.ts";
import { podState } from "./pod-state.ts";

function pod(state: JsonObject, status: JsonObject = {}): JsonObject {
  return {
    status: {
      ...status,
      containerStatuses: [
        { name: "sidecar", state: { running: {} } },
        { name: "mover", state },
      ],
    },
  };
}

test("podState() gives the answer of a mover, whatever becomes of its pod", () => {
  const message = JSON.stringify({ files: 1, bytes: 2, storedBytes: 3, tookMs: 4, findings: 0 });
  assert.deepEqual(podState(pod({ terminated: { exitCode: 0, message } }, { phase: "Failed", reason: "Evicted" })), {
    kind: "answered",
    answer: { files: 1, bytes: 2, storedBytes: 3, tookMs: 4, findings: 0 },
  });
  const failed = podState(pod({ terminated: { exitCode: 6, message: '{"error":{"kind":"conflict","code":"c","message":"m"}}' } }));
  assert.ok(failed.kind === "answered" && failed.answer instanceof Error);
});

test("podState() takes a mover that was ended by others for lost, and says by whom", () => {
  const cancelled = '{"error":{"kind":"cancelled","code":"interrupted","message":"Cancelled by SIGTERM"}}';
  assert.deepEqual(podState(pod({ terminated: { exitCode: 130, message: cancelled } })), { kind: "lost", why: "it was told to end" });
  const killed = podState(pod({ terminated: { exitCode: 137, reason: "OOMKilled" } }));
  assert.deepEqual(killed, { kind: "lost", why: "it had too little memory" });
  const evicted = { phase: "Failed", reason: "Evicted", message: "The node was low on resource" };
  assert.deepEqual(podState({ status: evicted }), { kind: "lost", why: "its pod ended: Evicted: The node was low on resource" });
});

test("podState() says what keeps a pod from starting, and nothing as long as all goes well", () => {
  assert.deepEqual(podState(pod({ waiting: { reason: "ContainerCreating" } }, { phase: "Pending" })), {
    kind: "waiting",
    reason: undefined,
  });
  assert.deepEqual(podState(pod({ running: {} })), { kind: "running" });
  assert.deepEqual(podState(pod({ waiting: { reason: "ErrImagePull", message: "no such image" } })), {
    kind: "waiting",
    reason: { reason: "ErrImagePull", message: "no such image" },
  });
  const scheduled = { type: "PodScheduled", status: "False", reason: "Unschedulable", message: "0/2 nodes are available" };
  assert.deepEqual(podState({ status: { phase: "Pending", conditions: [scheduled] } }), {
    kind: "waiting",
    reason: { reason: "Unschedulable", message: "0/2 nodes are available" },
  });
});

test("what keeps a mover from starting has a remedy, and what waiting does not help is known", () => {
  const security = { reason: "FailedCreate", message: 'pods "a" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot' };
  assert.match(notStarted("data", security).hint ?? "", /pod-security\.kubernetes\.io\/enforce=baseline/);
  assert.ok(isFinal(security));
  assert.ok(isFinal({ reason: "FailedMount", message: "hostPath type check failed: /srv is not a directory" }));
  for (const reason of ["Unschedulable", "ErrImagePull", "FailedMount"]) {
    assert.equal(isFinal({ reason, message: "" }), false);
    assert.doesNotMatch(notStarted("data", { reason, message: "" }).hint ?? "", /See the Job/);
  }
  assert.match(notStarted("data", undefined).message, /"data": Kubernetes does not say why/);
});
