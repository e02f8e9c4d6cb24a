/** A PostgreSQL with a volume of 2 GB, and a client that commits all the time and notes when. */
import { DomainError } from "../../src/base/errors.ts";
import type { Site } from "./site.ts";

const POD = "db-0";
/** Of pgbench: some 15 MB each. */
const SCALE = 110;
export const COMMITS_PER_SECOND = 200;
const CLIENTS = 8;
const LOG = "/tmp/commits";
const LOOK_AGAIN_S = "0.1";

export class Postgres {
  readonly #site: Site;
  readonly #namespace: string;

  private constructor(site: Site, namespace: string) {
    this.#site = site;
    this.#namespace = namespace;
  }

  /** In a new namespace. */
  static async start(site: Site, namespace: string): Promise<Postgres> {
    const { kubectl } = site;
    await site.makeNamespace(namespace);
    await kubectl.apply([statefulSet(site.images.postgres)], namespace);
    await kubectl.waitForRollouts(namespace, ["statefulset/db"]);
    const postgres = new Postgres(site, namespace);
    await postgres.#sh(
      `pgbench -U postgres --initialize --quiet --scale=${SCALE} postgres >/dev/null 2>&1 && psql -qU postgres -c checkpoint`,
    );
    return postgres;
  }

  /** Commits until it is disposed of. Returns when it does. */
  async load(): Promise<Load> {
    const command = `exec pgbench -U postgres -n -c ${CLIENTS} -j 1 -R ${COMMITS_PER_SECOND} -T 100000 -l --log-prefix=${LOG} postgres`;
    // Ended by a signal, which is no success.
    const ended = this.#sh(`rm -f ${LOG}.*; (${command}) >/dev/null 2>&1 || true`);
    ended.catch(() => undefined); // thrown by stop()
    const load = new Load((script) => this.#sh(script), ended);
    await load.untilMs(0);
    return load;
  }

  /** Megabytes on its volume. */
  async megabytes(): Promise<number> {
    return Number(await this.#sh("du -s -B 1000000 /var/lib/postgresql/data | cut -f 1"));
  }

  #sh(script: string): Promise<string> {
    return this.#site.kubectl.exec(this.#namespace, POD, "sh", "-c", script);
  }
}

export class Load implements AsyncDisposable {
  readonly #sh: (script: string) => Promise<string>;
  readonly #ended: Promise<string>;

  constructor(sh: (script: string) => Promise<string>, ended: Promise<string>) {
    this.#sh = sh;
    this.#ended = ended;
  }

  /** Waits until what was committed after a moment is in the log, which is written by whole pages. */
  async untilMs(timeMs: number): Promise<void> {
    const newest = `tail -n 1 ${LOG}.* 2>/dev/null | awk '{ print $5 }'`;
    await this.#sh(`until t=$(${newest}) && [ "\${t:-0}" -gt ${Math.ceil(timeMs / 1_000) + 1} ]; do sleep ${LOOK_AGAIN_S}; done`);
  }

  /** The longest time between two commits that the client saw, and how many there were, from one moment to another. */
  async between(fromMs: number, toMs: number): Promise<{ readonly longestGapMs: number; readonly commits: number }> {
    await this.untilMs(toMs);
    const program = `{ t = $5 * 1000 + $6 / 1000; if (t >= ${fromMs} && t <= ${toMs}) { n++; if (last && t - last > gap) gap = t - last; last = t } } END { print gap + 0, n + 0 }`;
    const [longestGapMs = 0, commits = 0] = (await this.#sh(`cat ${LOG}.* | awk '${program}'`)).trim().split(" ").map(Number);
    if (commits === 0) throw new DomainError("internal", "benchmark_failed", "Cannot measure under load: nothing was committed");
    return { longestGapMs, commits };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sh('for p in /proc/[0-9]*; do read -r c <$p/comm && [ "$c" = pgbench ] && kill "${p#/proc/}"; done; true');
    await this.#ended.catch(() => undefined);
  }
}

function statefulSet(image: string): object {
  const container = {
    name: "postgres",
    image,
    imagePullPolicy: "IfNotPresent",
    env: [
      { name: "POSTGRES_PASSWORD", value: "only-for-the-benchmark" },
      { name: "PGDATA", value: "/var/lib/postgresql/data/pgdata" },
    ],
    volumeMounts: [{ name: "data", mountPath: "/var/lib/postgresql/data" }],
    readinessProbe: { exec: { command: ["psql", "-U", "postgres", "-h", "/var/run/postgresql", "-c", "select 1"] }, periodSeconds: 1 },
  };
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: "db" },
    spec: {
      serviceName: "db",
      selector: { matchLabels: { app: "db" } },
      template: { metadata: { labels: { app: "db" } }, spec: { containers: [container] } },
      volumeClaimTemplates: [
        { metadata: { name: "data" }, spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "4Gi" } } } },
      ],
    },
  };
}
