import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test, type TestContext } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import type { Finding } from "../../src/base/finding.ts";
import type { Database } from "../../src/blueprint/database.ts";
import { preflightDatabase } from "../../src/blueprint/preflight.ts";
import { openQuiesce, type Quiesced } from "../../src/blueprint/quiesce.ts";
import type { KubeApi } from "../../src/kube/kube-api.ts";
import { environment } from "../support/environment.ts";
import { claim, IDLE, pod, podSpec } from "../support/manifests.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";
import { findDatabases } from "../support/quiesce.ts";
import type { TestCluster } from "../support/test-cluster.ts";

const skip = SKIP_WITHOUT_CLUSTER;
const HOLDER = join(import.meta.dirname, "..", "support", "hold-database.ts");

interface Hooked {
  readonly cluster: TestCluster;
  readonly api: KubeApi;
  readonly find: (podName?: string) => Promise<Database>;
  /** Which marks the hooks have left. */
  readonly marks: () => Promise<string>;
  readonly annotate: (...annotations: readonly string[]) => Promise<void>;
}

const FREEZE = "touch /tmp/frozen; rm -f /tmp/thawed";
const THAW = "touch /tmp/thawed; rm -f /tmp/frozen";

async function hooked(t: TestContext): Promise<Hooked> {
  const cluster = await environment(t).cluster();
  await cluster.apply(pod("app", { image: await cluster.image("shell"), command: IDLE }));
  await cluster.waitFor("pod/app", "condition=Ready");
  const annotate = async (...annotations: readonly string[]): Promise<void> =>
    void (await cluster.kubectl("annotate", "--overwrite", "pod/app", ...annotations.map((text_) => `holdfast.dev/${text_}`)));
  await annotate(`freeze-command=${FREEZE}`, `thaw-command=${THAW}`);
  const { api } = await findDatabases(t, cluster);
  return {
    cluster,
    api,
    annotate,
    async find(podName = "app") {
      const { databases, findings } = await findDatabases(t, cluster);
      const database = databases.find(({ pods }) => pods[0]?.name === podName);
      assert.ok(database !== undefined, JSON.stringify(findings));
      return database;
    },
    marks: async () => (await cluster.exec("app", "sh", "-c", "cd /tmp; ls -d frozen thawed 2>/dev/null; true")).trim(),
  };
}

interface Opened {
  readonly quiesced: Quiesced | undefined;
  readonly findings: readonly Finding[];
}

async function open(t: TestContext, api: KubeApi, database: Database, limitMs = 60_000, signal = t.signal): Promise<Opened> {
  const findings: Finding[] = [];
  const quiesced = await openQuiesce(api, database, { limitMs, clock: systemClock, signal, report: (finding) => findings.push(finding) });
  return { quiesced, findings };
}

async function until(t: TestContext, condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) t.signal.throwIfAborted();
}

test("Hooks by annotation freeze, hold and thaw; over the limit, and when aborted, they thaw by themselves", { skip }, async (t) => {
  const { cluster, api, find, marks, annotate } = await hooked(t);
  const database = await find();
  assert.deepEqual([database.blueprint, database.workload, database.hookPrograms], [undefined, "Pod/app", ["touch"]]);
  await preflightDatabase(api, database, { clock: systemClock, signal: t.signal });

  const held = await open(t, api, database);
  assert.equal(await marks(), "frozen");
  assert.equal((await held.quiesced?.release())?.result, "held");
  assert.equal(await marks(), "thawed");
  assert.deepEqual(held.findings, []);
  const left = await cluster.exec("app", "sh", "-c", 'for p in /proc/[0-9]*; do tr "\\0" " " <$p/cmdline; echo; done 2>/dev/null');
  assert.doesNotMatch(left, /^sh -c # sh -c/m, "what watches over it has nothing to do any more, or it would thaw it again");

  const limited = await open(t, api, database, 1_000);
  await until(t, async () => (await marks()) === "thawed");
  const outcome = await limited.quiesced?.release();
  assert.equal(outcome?.result, "limit-reached");
  assert.ok(outcome.heldMs >= 1_000 && outcome.heldMs < 5_000, `${outcome.heldMs} ms`);
  assert.deepEqual(
    limited.findings.map(({ grade, code }) => [grade, code]),
    [["partial", "quiesce_limit"]],
  );

  const stop = new AbortController();
  await open(t, api, database, 60_000, stop.signal);
  assert.equal(await marks(), "frozen");
  stop.abort();
  await until(t, async () => (await marks()) === "thawed");

  await annotate(`freeze-command=["touch", "/tmp/frozen", "/tmp/it's a \\"name\\""]`);
  const words = await open(t, api, await find());
  await words.quiesced?.release();
  assert.equal(words.quiesced === undefined, false, JSON.stringify(words.findings));
});

test("Hooks are run in every pod of a workload, and one that fails lets the others go", { skip }, async (t) => {
  const { cluster, api } = await hooked(t);
  const annotations = { "holdfast.dev/freeze-command": `[ ! -e /tmp/broken ] || exit 1; ${FREEZE}`, "holdfast.dev/thaw-command": THAW };
  const spec = podSpec({ image: await cluster.image("shell"), command: IDLE });
  const template = { metadata: { labels: { app: "many" } }, spec };
  await cluster.apply({
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: "many", annotations },
    spec: { replicas: 2, serviceName: "many", podManagementPolicy: "Parallel", selector: { matchLabels: { app: "many" } }, template },
  });
  await cluster.waitFor("statefulset/many", "jsonpath={.status.readyReplicas}=2");
  const database = (await findDatabases(t, cluster)).databases.find(({ workload }) => workload === "StatefulSet/many");
  assert.ok(database !== undefined);
  const marks = async (podName: string): Promise<string> =>
    (await cluster.exec(podName, "sh", "-c", "cd /tmp; ls -d frozen thawed 2>/dev/null; true")).trim();
  const both = async (): Promise<readonly string[]> => Promise.all([marks("many-0"), marks("many-1")]);
  const { quiesced } = await open(t, api, database);
  assert.deepEqual(await both(), ["frozen", "frozen"]);
  assert.equal((await quiesced?.release())?.result, "held");
  assert.deepEqual(await both(), ["thawed", "thawed"]);

  await cluster.exec("many-1", "touch", "/tmp/broken");
  const failed = await open(t, api, database);
  assert.equal(failed.quiesced, undefined);
  assert.deepEqual(await both(), ["thawed", "thawed"]);
});

test("A hook that hangs, fails or floods its output leaves nothing frozen", { skip }, async (t) => {
  const { api, find, marks, annotate } = await hooked(t);
  const failing = async (freeze: string, said: RegExp): Promise<void> => {
    await annotate(`freeze-command=${freeze}`, "hook-timeout=2s");
    const { quiesced, findings } = await open(t, api, await find());
    assert.equal(quiesced, undefined);
    assert.equal(findings.length, 1);
    const [finding] = findings;
    assert.deepEqual([finding?.grade, finding?.code], ["partial", "quiesce_failed"]);
    assert.match(finding?.message ?? "", said);
    assert.ok((finding?.message ?? "").length < 1_000);
    await until(t, async () => (await marks()) === "thawed");
  };
  await failing(`${FREEZE}; sleep 1000`, /^Cannot quiesce Pod\/app in namespace ".*": .*took longer than 2 s/);
  await failing(
    `${FREEZE}; echo 'password=hunter2 no disk' >&2; exit 3`,
    /: password=… no disk; the command that freezes failed \(exit code 3\)$/,
  );
  await failing(`${FREEZE}; yes a very long line | head -c 20000000; yes >&2`, /took longer than 2 s/);

  // A flood does not keep it from being frozen either, if it is done in time.
  await annotate(`freeze-command=${FREEZE}; yes "$(head -c 1000 /dev/zero | tr '\\0' x)" | head -c 20000000`, "hook-timeout=30s");
  const { quiesced } = await open(t, api, await find());
  assert.equal((await quiesced?.release())?.result, "held");
});

test("The one who holds it is killed: it thaws at once, and within its bound if its shell is killed too", { skip }, async (t) => {
  const { cluster, marks, api, find } = await hooked(t);
  const holder = spawn(process.execPath, [HOLDER, cluster.kubeconfig, cluster.namespace, "60"], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => holder.kill("SIGKILL"));
  const [said] = (await once(holder.stdout, "data")) as [Buffer];
  assert.equal(said.toString(), "frozen\n");
  assert.equal(await marks(), "frozen");
  const killedAt = performance.now();
  holder.kill("SIGKILL");
  await until(t, async () => (await marks()) === "thawed");
  const tookMs = performance.now() - killedAt;
  t.diagnostic(`thawed after ${Math.round(tookMs)} ms`);
  assert.ok(tookMs < 15_000, `${tookMs} ms`);
  await text(holder.stdout);

  const { quiesced, findings } = await open(t, api, await find());
  // The first of its processes; the watch is its child.
  const kill =
    'for p in $(ls /proc | grep -E "^[0-9]+$" | sort -n); do tr "\\0" " " </proc/$p/cmdline | grep -q "^sh -c # sh -c" && kill -9 $p && break; done';
  await cluster.exec("app", "sh", "-c", kill);
  await until(t, async () => (await marks()) === "thawed");
  assert.equal((await quiesced?.release())?.result, "failed");
  assert.deepEqual(
    findings.map(({ code }) => code),
    ["quiesce_failed"],
  );
});

test("What cannot work is refused before anything is changed", { skip }, async (t) => {
  const { cluster, api, annotate, find } = await hooked(t);
  const refused = async (database: Database, message: RegExp): Promise<void> => {
    await assert.rejects(preflightDatabase(api, database, { clock: systemClock, signal: t.signal }), {
      code: "quiesce_impossible",
      message,
    });
  };
  await annotate("freeze-command=no-such-program --now");
  await refused(await find(), /^Cannot quiesce Pod\/app in namespace ".*": "no-such-program" cannot be found in container "main"$/);
  await annotate("freeze-command=fsfreeze -f /data", "thaw-command=fsfreeze -u /data");
  await refused(await find(), /container "main" has no right to "fsfreeze", which needs CAP_SYS_ADMIN$/);

  // Of PostgreSQL: as another user than that of the server it is let in all the same, as no superuser it is not enough.
  const image = await cluster.image("postgres");
  const security = { securityContext: { runAsUser: 999, runAsGroup: 999, fsGroup: 999, runAsNonRoot: true } };
  const spec = {
    image,
    env: { POSTGRES_PASSWORD: "only-for-this-test" },
    mounts: { "/var/lib/postgresql/data": "data" },
    readyWhen: ["psql", "-U", "postgres", "-c", "select 1"],
  };
  const db = { apiVersion: "v1", kind: "Pod", metadata: { name: "db" }, spec: { ...podSpec(spec), ...security } };
  const pause = pod("empty", { image: await cluster.image("pause") });
  await cluster.apply(claim("data"), db, pause);
  await cluster.waitFor("pod/db", "condition=Ready");
  const database = await find("db");
  assert.deepEqual([database.blueprint?.name, database.claims], ["postgresql", ["data"]]);
  await preflightDatabase(api, database, { clock: systemClock, signal: t.signal });
  const { quiesced } = await open(t, api, database);
  assert.equal((await quiesced?.release())?.result, "held", "it is quiesced by somebody who is not root");
  await cluster.exec(
    "db",
    "psql",
    "-U",
    "postgres",
    "-c",
    "create role weak login superuser",
    "-c",
    "set role weak",
    "-c",
    "alter role postgres nosuperuser",
  );
  await refused(database, /the user of the database is no superuser/);
  await cluster.exec(
    "db",
    "psql",
    "-U",
    "weak",
    "-d",
    "postgres",
    "-c",
    "alter role postgres superuser",
    "-c",
    "create table locked (n int)",
  );

  // A transaction that stays open: the database is not frozen, and goes on.
  const open_ = cluster.exec("db", "psql", "-U", "postgres", "-c", "begin; insert into locked values (1); select pg_sleep(1000)");
  open_.catch(() => undefined);
  const isOpen = async (): Promise<boolean> =>
    (
      await cluster.exec(
        "db",
        "psql",
        "-U",
        "postgres",
        "-Atc",
        "select count(*) from pg_locks where relation = 'locked'::regclass and mode = 'RowExclusiveLock'",
      )
    ).trim() === "1";
  await until(t, isOpen);
  const busy = await open(t, api, database);
  assert.equal(busy.quiesced, undefined);
  assert.match(busy.findings[0]?.message ?? "", /its tables could not be locked: transactions: 1 open for more than a second/);
  assert.equal(
    (
      await cluster.exec(
        "db",
        "psql",
        "-U",
        "postgres",
        "-Atc",
        "select count(*) from pg_stat_activity where application_name = 'holdfast'",
      )
    ).trim(),
    "0",
  );

  await cluster.waitFor("pod/empty", "condition=Ready");
  await cluster.kubectl("annotate", "pod/empty", "holdfast.dev/freeze-command=true", "holdfast.dev/thaw-command=true");
  await refused(await find("empty"), /there is no "sh" in container "main"$/);
});
