/** An application with a database that is written to all the time, a command on it that is disturbed, and what has to hold afterwards. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import { resticBinary } from "../../dev/peers/restic.ts";
import { PROGRAM } from "./cli.ts";
import { assertNoLeftovers } from "./leftovers.ts";
import { listedPoints, succeeded } from "./location.ts";
import { claim, claimSpec } from "./manifests.ts";
import { devCluster, ownClusterName, processesIn, signalDaemon } from "./own-cluster.ts";
import type { CommandResult } from "./program.ts";
import { type Restic, resticOn } from "./restic.ts";
import { TestCluster } from "./test-cluster.ts";
import { idle, type VolumeWorld, volumeWorld } from "./volume-world.ts";

export interface FaultWorld extends VolumeWorld {
  /** A cluster of its own: anything in it may be killed. */
  readonly name: string;
  /** One value of the database of a namespace. */
  readonly sql: (statement: string, namespace?: string) => Promise<string>;
  /** Starts the program. */
  readonly start: (...args: readonly string[]) => RunningCommand;
  /** Brings back what was killed. */
  readonly heal: () => Promise<void>;
  readonly killMovers: () => Promise<number>;
  /** The longest time without a commit since then, in ms. */
  readonly longestGap: (since: string) => Promise<number>;
  readonly assertServing: (when: string, namespace?: string) => Promise<void>;
  readonly assertNothingLeft: (when: string, ...more: readonly string[]) => Promise<void>;
  /** Of the unit, as Holdfast and restic list them: nothing half is there. */
  readonly points: () => Promise<number>;
  readonly restic: () => Promise<Restic>;
}

export interface RunningCommand {
  readonly ended: Promise<CommandResult>;
  readonly kill: (signal?: NodeJS.Signals) => void;
  readonly isRunning: () => boolean;
}

const FILES_MB = 64;
const DATA = "/var/lib/postgresql/data";
const ENV = [
  { name: "POSTGRES_PASSWORD", value: "only-for-this-test" },
  { name: "PGDATA", value: `${DATA}/pgdata` },
];
const WRITER = `until psql -qc 'create table if not exists orders (id bigint generated always as identity primary key, at timestamptz not null default clock_timestamp())'; do sleep 0.1; done
while true; do
  { n=0; while [ $n -lt 500 ]; do n=$((n+1)); echo "insert into orders default values; select pg_sleep(0.02);"; done; } | psql -qAt >/dev/null || sleep 0.1
done`;
/** Rows that every point has, and every restored database therefore, too. */
const FIRST_ROWS = 100;
const FACTS = `select count(*) || ' ' || md5(string_agg(id || ' ' || at, ',' order by id)) from orders where id <= ${FIRST_ROWS}`;

export async function faultWorld(t: TestContext): Promise<FaultWorld> {
  const name = ownClusterName(t);
  succeeded(await devCluster("up", ["--name", name], t.signal));
  const cluster = await TestCluster.open(name, t.signal);
  const world = await volumeWorld(t, cluster);
  const { namespace, cli, sh, shell, variables, location, holdfast } = world;
  const image = await cluster.image("postgres");
  await cluster.apply(
    claim("files"),
    idle("web", { image: shell, mounts: { "/data": "files" } }),
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "db" },
      spec: { clusterIP: "None", selector: { app: "db" }, ports: [{ port: 5432 }] },
    },
    database(image),
    writer(image),
  );
  await cluster.kubectl("rollout", "status", "deployment/web", "--timeout=120s");
  await sh(
    namespace,
    "deployment/web",
    `dd if=/dev/urandom of=/data/large bs=1M count=${FILES_MB} 2>/dev/null && echo hello > /data/small && sync`,
  );
  const sql: FaultWorld["sql"] = async (statement, place = namespace) =>
    (await cluster.kubectl("exec", `--namespace=${place}`, "db-0", "--", "psql", "-qU", "postgres", "-Atc", statement)).trim();
  const rows = async (place: string): Promise<number> => Number(await sql("select count(*) from orders", place).catch(() => "0"));
  await untilTrue(async () => (await rows(namespace)) > FIRST_ROWS, "the database is written to");
  const sums = async (place: string): Promise<string> => sh(place, "deployment/web", "sha256sum /data/large /data/small");
  const [facts, files] = [await sql(FACTS), await sums(namespace)];
  const env = { PATH: process.env["PATH"] ?? "", HOME: cli.folder, TZ: "UTC", ...variables };
  const openRestic = async (): Promise<Restic> => {
    const [point] = await listedPoints(cli);
    const repository = join(location.url, point?.path ?? "");
    const file = join(cli.folder, "restic.password");
    const access = ["--repository", repository, "--password-file", location.keyFile, "--password-out", file];
    succeeded(await cli.run("repository", "access", ...access));
    const password = (await readFile(file, "utf8")).trim();
    return resticOn({ program: await resticBinary(), repository, password, signal: t.signal });
  };
  let opened: Promise<Restic> | undefined;
  const restic = (): Promise<Restic> => (opened ??= openRestic());
  return {
    ...world,
    name,
    sql,
    start: (...args) => startCommand(args, env),
    heal: async () => void succeeded(await devCluster("up", ["--name", name], t.signal)),
    killMovers: () => killMovers(name),
    longestGap: async (since) => {
      const gaps = `select at - lag(at) over (order by at) as gap from (select at from orders where at > '${since}' union all values (clock_timestamp()), ('${since}')) as times`;
      return Math.round(Number(await sql(`select extract(epoch from max(gap)) * 1000 from (${gaps}) as gaps`)));
    },
    assertServing: async (when, place = namespace) => {
      let before = 0;
      await untilTrue(async () => (before = await rows(place)) > 0, `the database serves ${when}`);
      await untilTrue(async () => (await rows(place)) > before, `the database is written to ${when}`);
      assert.equal(await sql(FACTS, place), facts, when);
      await cluster.kubectl("rollout", "status", `--namespace=${place}`, "deployment/web", "--timeout=120s");
      assert.equal(await sums(place), files, when);
    },
    assertNothingLeft: (when, ...more) => assertNoLeftovers(cluster, { holdfast, namespaces: [namespace, ...more] }, when),
    points: async () => {
      const points = await listedPoints(cli);
      if (points.length === 0) return 0;
      const snapshots = JSON.parse(await (await restic()).run("snapshots", "--json", "--no-lock")) as readonly unknown[];
      assert.equal(snapshots.length, points.length, "each snapshot is a point");
      return points.length;
    },
    restic,
  };
}

export function startCommand(args: readonly string[], env: Readonly<Record<string, string>>): RunningCommand {
  const child = spawn(PROGRAM, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  const output = { stdout: "", stderr: "" };
  for (const one of ["stdout", "stderr"] as const) child[one].setEncoding("utf8").on("data", (text: string) => (output[one] += text));
  const ended = (async (): Promise<CommandResult> => {
    const [code] = (await once(child, "close")) as [number | null];
    return { exitCode: code ?? -1, ...output, json: () => JSON.parse(output.stdout) as unknown };
  })();
  return {
    ended,
    kill: (signal = "SIGKILL") => void child.kill(signal),
    isRunning: () => child.exitCode === null && child.signalCode === null,
  };
}

async function killMovers(name: string): Promise<number> {
  let killed = 0;
  for (const pid of await processesIn(name)) {
    const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (!command.includes("src/mover/pod/main.ts")) continue;
    process.kill(pid, "SIGKILL");
    killed++;
  }
  return killed;
}

/** What a test waits for has two minutes on a busy machine. */
export async function untilTrue(look: () => Promise<boolean>, what: string, limitMs = 120_000): Promise<void> {
  const untilMs = systemClock.monotonicMs() + limitMs;
  while (!(await look())) {
    assert.ok(systemClock.monotonicMs() < untilMs, `waited in vain until ${what}`);
    await systemClock.sleep(100);
  }
}

/** Stops the storage driver, so that what it is asked for next takes as long as the test wants. */
export async function holdDriver(name: string): Promise<() => Promise<void>> {
  const driver = "btrfs.csi.holdfast.dev-node-1";
  await signalDaemon(name, driver, "SIGSTOP");
  return () => signalDaemon(name, driver, "SIGCONT");
}

function database(image: string): object {
  const container = {
    name: "postgres",
    image,
    imagePullPolicy: "Never",
    args: ["-c", "shared_buffers=16MB", "-c", "min_wal_size=32MB", "-c", "max_wal_size=64MB"],
    env: ENV,
    volumeMounts: [{ name: "data", mountPath: DATA }],
    readinessProbe: { exec: { command: ["psql", "-U", "postgres", "-c", "select 1"] }, periodSeconds: 1 },
  };
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: "db" },
    spec: {
      serviceName: "db",
      selector: { matchLabels: { app: "db" } },
      template: { metadata: { labels: { app: "db" } }, spec: { terminationGracePeriodSeconds: 5, containers: [container] } },
      volumeClaimTemplates: [{ metadata: { name: "data" }, spec: claimSpec({ size: "512Mi" }) }],
    },
  };
}

function writer(image: string): object {
  const env = [
    { name: "PGHOST", value: "db" },
    { name: "PGUSER", value: "postgres" },
    { name: "PGPASSWORD", value: "only-for-this-test" },
    { name: "PGCONNECT_TIMEOUT", value: "2" },
  ];
  const container = { name: "writer", image, imagePullPolicy: "Never", command: ["sh", "-c", WRITER], env };
  const labels = { app: "writer" };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "writer" },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels, annotations: { "holdfast.dev/blueprint": "none" } },
        spec: { terminationGracePeriodSeconds: 1, containers: [container] },
      },
    },
  };
}
