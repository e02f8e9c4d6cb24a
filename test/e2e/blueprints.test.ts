import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import { runCheck, runDump, runLoad } from "../../src/blueprint/operations.ts";
import { preflightDatabase } from "../../src/blueprint/preflight.ts";
import { environment } from "../support/environment.ts";
import { claim, pod, snapshot } from "../support/manifests.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";
import { findDatabases, freeze } from "../support/quiesce.ts";

const skip = SKIP_WITHOUT_CLUSTER;

interface Kind {
  readonly image: string;
  readonly data: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly arguments?: readonly string[];
  readonly ready: readonly string[];
  /** Statements that a client is given, one after the other. */
  readonly write: string;
  readonly client: string;
  /** A line that changes with every write. */
  readonly state: string;
  readonly prepare?: string;
}

const MARIADB: Kind = {
  image: "mariadb",
  data: "/var/lib/mysql",
  env: { MARIADB_ROOT_PASSWORD: "it's only for this test", MARIADB_DATABASE: "shop" },
  ready: ["sh", "-c", 'MYSQL_PWD=$MARIADB_ROOT_PASSWORD mariadb -e "select 1"'],
  prepare:
    "create table orders (n bigint auto_increment primary key) engine=InnoDB; create table log (n bigint) engine=Aria transactional=1",
  write: "begin; insert into orders values (); insert into log values (1); commit;",
  client: "MYSQL_PWD=$MARIADB_ROOT_PASSWORD mariadb -BN shop",
  state: "select concat(count(*), ' ', max(n), ' ', (select count(*) from log)) from orders",
};

const REDIS: Kind = {
  image: "redis",
  data: "/data",
  ready: ["redis-cli", "ping"],
  write: "multi\nincr n\nrpush list x\nexec",
  client: "redis-cli",
  state: "eval_ro \"return redis.call('get', 'n') .. ' ' .. redis.call('llen', 'list')\" 0",
};

/** Freezes it under writes, cuts its volume, and compares a copy with what it was while it was frozen. */
async function copyIsWhatWasFrozen(t: TestContext, kind: Kind): Promise<void> {
  const cluster = await environment(t).cluster();
  const server = {
    image: await cluster.image(kind.image),
    mounts: { [kind.data]: "data" },
    readyWhen: kind.ready,
    env: kind.env ?? {},
    ...(kind.arguments === undefined ? {} : { command: ["entrypoint", ...kind.arguments] }),
  };
  await cluster.apply(claim("data"), pod("db", server));
  await cluster.waitFor("pod/db", "condition=Ready");
  const ask = async (podName: string, statement: string): Promise<string> =>
    (await cluster.exec(podName, "sh", "-c", `printf '%s\\n' "$1" | ${kind.client}`, "sh", statement)).trim();
  if (kind.prepare !== undefined) await ask("db", kind.prepare);
  const loop = `while [ ! -e /tmp/stop ]; do echo "$1"; sleep 0.003; done | ${kind.client} 2>&1 >/dev/null; echo ended`;
  const writer = cluster.exec("db", "sh", "-c", loop, "sh", kind.write);
  const state = async (podName: string): Promise<string> => ask(podName, kind.state);
  const first = await state("db");
  while ((await state("db")) === first) t.signal.throwIfAborted();

  const { api, databases } = await findDatabases(t, cluster);
  const [database] = databases;
  assert.ok(database !== undefined);
  await preflightDatabase(api, database, { clock: systemClock, signal: t.signal });
  const quiesced = await freeze(t, cluster);
  const frozen = await state("db");
  await cluster.apply(snapshot("moment", "data"));
  await cluster.waitFor("volumesnapshot/moment", "jsonpath={.status.creationTime}");
  assert.equal(await state("db"), frozen, "nothing was written while it was frozen");
  const { result, heldMs, why } = await quiesced.release();
  assert.deepEqual([result, why], ["held", undefined]);
  t.diagnostic(`held for ${heldMs} ms`);
  while ((await state("db")) === frozen) t.signal.throwIfAborted();
  await cluster.exec("db", "touch", "/tmp/stop");
  assert.equal((await writer).trim(), "ended", "the writer met no error");

  await cluster.waitFor("volumesnapshot/moment", "jsonpath={.status.readyToUse}=true");
  await cluster.apply(claim("restored", { snapshot: "moment" }), pod("copy", { ...server, mounts: { [kind.data]: "restored" } }));
  await cluster.waitFor("pod/copy", "condition=Ready");
  assert.equal(await state("copy"), frozen);
  await runCheck(api, database, { clock: systemClock, signal: t.signal });
}

test("MariaDB under writes: a copy has exactly what was committed before the freeze", { skip }, async (t) => {
  await copyIsWhatWasFrozen(t, MARIADB);
});

test("Redis under writes: a copy has exactly what was written before the freeze, from the append-only file", { skip }, async (t) => {
  await copyIsWhatWasFrozen(t, { ...REDIS, arguments: ["--appendonly", "yes"] });
});

test("Redis under writes: a copy has exactly what was written before the freeze, from the saved data set", { skip }, async (t) => {
  await copyIsWhatWasFrozen(t, REDIS);
});

test("A dump of one server is loaded into another", { skip }, async (t) => {
  const cluster = await environment(t).cluster();
  const kinds = [
    {
      name: "pg",
      image: "postgres",
      data: "/var/lib/postgresql/data",
      env: { POSTGRES_PASSWORD: "only-for-this-test", POSTGRES_USER: "boss", POSTGRES_DB: "shop" },
      client: "psql -qAtU boss shop",
      readyWhen: ["psql", "-U", "boss", "-c", "select 1", "shop"],
    },
    { name: "maria", image: "mariadb", data: MARIADB.data, env: MARIADB.env ?? {}, client: MARIADB.client, readyWhen: MARIADB.ready },
  ] as const;
  const { clock, signal } = { clock: systemClock, signal: t.signal };
  for (const { name, image, data, env, readyWhen } of kinds) {
    const reference = await cluster.image(image);
    for (const which of [name, `${name}-new`]) {
      await cluster.apply(claim(which), pod(which, { image: reference, env, mounts: { [data]: which }, readyWhen }));
    }
  }
  for (const { name, client } of kinds) {
    await cluster.waitFor(`pod/${name}`, "condition=Ready");
    await cluster.waitFor(`pod/${name}-new`, "condition=Ready");
    const ask = async (podName: string, sql: string): Promise<string> =>
      (await cluster.exec(podName, "sh", "-c", `printf '%s\\n' "$1" | ${client}`, "sh", sql)).trim();
    await ask(name, "create table t (n int); insert into t values (1), (2), (39)");
    const { api, databases } = await findDatabases(t, cluster);
    const find = (podName: string) => {
      const database = databases.find(({ workload }) => workload === `Pod/${podName}`);
      assert.ok(database !== undefined);
      return database;
    };
    const pieces: Uint8Array[] = [];
    await runDump(api, find(name), (bytes) => void pieces.push(Uint8Array.from(bytes)), { clock, signal });
    await runLoad(
      api,
      find(`${name}-new`),
      (async function* () {
        yield* pieces;
      })(),
      { clock, signal },
    );
    assert.equal(await ask(`${name}-new`, "select sum(n) from t"), "42");
    await runCheck(api, find(`${name}-new`), { clock, signal });
    await assert.rejects(
      runLoad(
        api,
        { ...find(name), blueprint: undefined },
        (async function* () {
          yield* pieces;
        })(),
        { clock, signal },
      ),
      { code: "blueprint_operation" },
    );
  }
});
