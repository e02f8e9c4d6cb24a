import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { PassThrough, Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { test, type TestContext } from "node:test";
import type { KubeApi } from "../../src/kube/kube-api.ts";
import { exec, type ExecOptions } from "../../src/kube/streams/exec.ts";
import { forwardPort } from "../../src/kube/streams/port-forward.ts";
import { startConnectProxy } from "../support/connect-proxy.ts";
import { environment } from "../support/environment.ts";
import { as, openKube } from "../support/kube.ts";
import { IDLE, pod } from "../support/manifests.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";
import type { TestCluster } from "../support/test-cluster.ts";

const skip = SKIP_WITHOUT_CLUSTER;
const MIB = 1024 ** 2;

interface Running {
  readonly cluster: TestCluster;
  readonly api: KubeApi;
  readonly target: { readonly namespace: string; readonly pod: string };
}

async function runningPod(t: TestContext, command: readonly string[] = IDLE): Promise<Running> {
  const cluster = await environment(t).cluster();
  await cluster.apply(pod("a", { image: await cluster.image("shell"), command }));
  await cluster.waitFor("pod/a", "condition=Ready");
  return { cluster, api: await openKube(t, cluster.kubeconfig), target: { namespace: cluster.namespace, pod: "a" } };
}

/** What a command printed, and its exit code last. */
async function output(
  { api, target }: Running,
  command: readonly string[],
  options: Partial<ExecOptions> = {},
): Promise<(number | string)[]> {
  const [stdout, stderr]: [Uint8Array[], Uint8Array[]] = [[], []];
  const sinks = { stdout: (bytes: Uint8Array) => void stdout.push(bytes), stderr: (bytes: Uint8Array) => void stderr.push(bytes) };
  const code = await exec(api, target, { command, ...sinks, ...options });
  return [Buffer.concat(stdout).toString(), Buffer.concat(stderr).toString(), code];
}

test("exec() gives both outputs, takes the input until it ends, and ends with the exit code", { skip }, async (t) => {
  const running = await runningPod(t);
  assert.deepEqual(await output(running, ["sh", "-c", "echo out; echo err >&2; exit 7"]), ["out\n", "err\n", 7]);
  assert.deepEqual(await output(running, ["cat"], { stdin: Readable.from([Buffer.from("a"), Buffer.from("ä\0b")]) }), ["aä\0b", "", 0]);
  assert.deepEqual(await output(running, ["echo", "a b", "c&d"]), ["a b c&d\n", "", 0]);
  assert.equal(await exec(running.api, running.target, { command: ["false"] }), 1);
  // The command does not read what it is given.
  assert.deepEqual(await output(running, ["true"], { stdin: new PassThrough() }), ["", "", 0]);
});

test("exec() keeps a session open until its input ends", { skip }, async (t) => {
  const { api, target } = await runningPod(t);
  const stdin = new PassThrough();
  const ready = Promise.withResolvers<string>();
  const stdout = (bytes: Uint8Array): void => ready.resolve(Buffer.from(bytes).toString());
  const running = exec(api, target, { command: ["sh", "-c", "echo ready; cat >/dev/null; exit 3"], stdin, stdout });
  assert.equal(await ready.promise, "ready\n");
  stdin.end();
  assert.equal(await running, 3);
});

test("exec() carries much in both directions, no faster than it is taken", { skip }, async (t) => {
  const running = await runningPod(t);
  const sent = createHash("sha256");
  const stdin = Readable.from(
    (function* () {
      for (let index = 0; index < 100; index++) {
        const bytes = Buffer.alloc(MIB / 2, index);
        sent.update(bytes);
        yield bytes;
      }
    })(),
  );
  const received = createHash("sha256");
  let [length, inSink] = [0, 0];
  const stdout = async (bytes: Uint8Array): Promise<void> => {
    assert.equal(++inSink, 1, "one after the other");
    await new Promise(setImmediate);
    received.update(bytes);
    length += bytes.length;
    inSink--;
  };
  assert.equal(await exec(running.api, running.target, { command: ["cat"], stdin, stdout }), 0);
  assert.deepEqual([length, received.digest("hex")], [50 * MIB, sent.digest("hex")]);

  const stopped = new AbortController();
  let before = 0;
  const slow = async (bytes: Uint8Array): Promise<void> => {
    before += bytes.length;
    await once(stopped.signal, "abort");
  };
  const endless = exec(running.api, running.target, { command: ["cat", "/dev/zero"], stdout: slow, signal: stopped.signal });
  const written = async (): Promise<string> =>
    (await running.cluster.exec("a", "sh", "-c", "cat /proc/$(pidof cat)/io | grep wchar")).trim();
  let [last, now] = ["", await written()];
  while (now !== last) [last, now] = [now, await written()];
  stopped.abort(new Error("enough"));
  await assert.rejects(endless, /enough/);
  assert.ok(before < MIB, `${before} bytes`);
});

test("exec() says why a command does not run", { skip }, async (t) => {
  const running = await runningPod(t);
  const { api, target, cluster } = running;
  await assert.rejects(output(running, ["no-such-program"]), {
    kind: "unsupported",
    code: "kube_exec",
    message: /^Cannot run "no-such-program" in pod "a" in namespace ".*": the container cannot: .*no-such-program/,
  });
  await assert.rejects(exec(api, { ...target, container: "other" }, { command: ["true"] }), {
    code: "kube_invalid",
    message: /container other/,
  });
  await assert.rejects(exec(api, { ...target, pod: "b" }, { command: ["true"] }), { code: "kube_not_found" });
  const jane = await openKube(t, cluster.kubeconfig, () => ({ impersonation: as("jane") }));
  await assert.rejects(exec(jane, target, { command: ["true"] }), {
    kind: "forbidden",
    message: /: missing the right to \w+ "pods\/exec" in namespace/,
  });
  const broken = Readable.from(
    (function* () {
      yield Buffer.from("a");
      throw new Error("no more");
    })(),
  );
  await assert.rejects(output(running, ["cat"], { stdin: broken }), /no more/);
});

test("exec() ends when the pod does, and when the client is closed", { skip }, async (t) => {
  const running = await runningPod(t);
  const ready = Promise.withResolvers<void>();
  const options = { command: ["sh", "-c", "echo; sleep 1000"], stdout: () => ready.resolve() };
  const killed = exec(running.api, running.target, options);
  await ready.promise;
  await running.cluster.kubectl("delete", "pod", "a", "--grace-period=0", "--force");
  assert.equal(await killed, 137);
  await assert.rejects(exec(running.api, running.target, { command: ["true"] }), { kind: "not-found" });
});

test("exec() goes through the proxy of the kubeconfig", { skip }, async (t) => {
  const { cluster, target } = await runningPod(t);
  const { url, tunnels } = await startConnectProxy(t);
  const api = await openKube(t, cluster.kubeconfig, () => ({ proxy: url }));
  assert.equal(await exec(api, target, { command: ["true"] }), 0);
  assert.deepEqual(tunnels, [new URL(api.access.server).host]);
});

test("forwardPort() connects to a port of a pod, as often as asked, and says when nobody listens", { skip }, async (t) => {
  const { api, target } = await runningPod(t, ["sh", "-c", "while true; do echo hello | nc -l -p 8080; done"]);
  for (let round = 0; round < 2; round++) {
    const stream = await forwardPort(api, { ...target, port: 8080 }, t.signal);
    assert.equal(await text(stream), "hello\n");
    stream.destroy();
  }
  const nobody = await forwardPort(api, { ...target, port: 81 });
  await assert.rejects(buffer(nobody), {
    kind: "unavailable",
    code: "kube_port",
    message: /^Cannot connect to port 81 of pod "a" in namespace/,
  });
});

test("forwardPort() carries both directions", { skip }, async (t) => {
  const { api, target } = await runningPod(t, ["sh", "-c", "while true; do nc -l -p 8080 -e cat; done"]);
  const stream = await forwardPort(api, { ...target, port: 8080 }, t.signal);
  const bytes = Buffer.alloc(4 * MIB, "holdfast");
  stream.write(bytes);
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length === bytes.length) break;
  }
  assert.ok(Buffer.concat(chunks).equals(bytes));
});
