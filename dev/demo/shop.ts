/** The application of the demo: a small shop, with one of everything that a backup can get wrong. */

export interface ShopOptions {
  readonly images: { readonly postgres: string; readonly redis: string; readonly shell: string };
  /** undefined: the default one. */
  readonly storageClass?: string | undefined;
}

/** Of its custom resource. */
export const SHOP_GROUP = "shop.example.com";
const PASSWORD = "only-for-the-demo";
const LABELS = { "app.kubernetes.io/part-of": "shop" };

/** Whether the shop writes: an order every few milliseconds, from one client. */
const WRITER = `until psql -qc 'create table if not exists orders (id bigint generated always as identity primary key, item text not null, at timestamptz default clock_timestamp())'; do sleep 0.2; done
while true; do
  { n=0; while [ $n -lt 500 ]; do n=$((n+1)); echo "insert into orders (item) values ('item ' || (random() * 1000)::int);"; echo "select pg_sleep(0.01);"; done; } | psql -qAt >/dev/null || sleep 0.5
done`;

export function shopDefinition(): object {
  const schema = {
    type: "object",
    properties: {
      spec: { type: "object", properties: { percent: { type: "integer", minimum: 1, maximum: 90 }, code: { type: "string" } } },
    },
  };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `discounts.${SHOP_GROUP}` },
    spec: {
      group: SHOP_GROUP,
      scope: "Namespaced",
      names: { plural: "discounts", singular: "discount", kind: "Discount" },
      versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  };
}

/** All but the definition, for one namespace. */
export function shop({ images, storageClass }: ShopOptions): readonly object[] {
  return [
    ...configuration(),
    ...database(images.postgres, storageClass),
    ...cache(images.redis, storageClass),
    ...ledger(images.shell, storageClass),
    ...web(images.shell),
    writer(images.postgres),
    report(images.shell),
  ];
}

function configuration(): readonly object[] {
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "shop", labels: LABELS } },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "Role",
      metadata: { name: "shop", labels: LABELS },
      rules: [{ apiGroups: [SHOP_GROUP], resources: ["discounts"], verbs: ["get", "list"] }],
    },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata: { name: "shop", labels: LABELS },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "shop" },
      subjects: [{ kind: "ServiceAccount", name: "shop" }],
    },
    { apiVersion: "v1", kind: "Secret", metadata: { name: "database", labels: LABELS }, stringData: { password: PASSWORD } },
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "pages", labels: LABELS },
      data: { "index.html": "<h1>The shop is open</h1>\n" },
    },
    {
      apiVersion: `${SHOP_GROUP}/v1`,
      kind: "Discount",
      metadata: { name: "spring", labels: LABELS },
      spec: { percent: 20, code: "SPRING" },
    },
    {
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { name: "database", labels: LABELS },
      spec: {
        podSelector: { matchLabels: { app: "db" } },
        policyTypes: ["Ingress"],
        ingress: [{ from: [{ podSelector: { matchLabels: { app: "orders" } } }], ports: [{ port: 5432 }] }],
      },
    },
  ];
}

function database(image: string, storageClass: string | undefined): readonly object[] {
  const env = [
    { name: "POSTGRES_PASSWORD", valueFrom: { secretKeyRef: { name: "database", key: "password" } } },
    { name: "PGDATA", value: "/var/lib/postgresql/data/pgdata" },
  ];
  const container = {
    name: "postgres",
    image,
    imagePullPolicy: "IfNotPresent",
    args: ["-c", "shared_buffers=32MB"],
    env,
    ports: [{ containerPort: 5432 }],
    volumeMounts: [{ name: "data", mountPath: "/var/lib/postgresql/data" }],
    readinessProbe: { exec: { command: ["psql", "-U", "postgres", "-h", "/var/run/postgresql", "-c", "select 1"] }, periodSeconds: 1 },
  };
  return [service("db", 5432, { clusterIP: "None" }), statefulSet("db", container, "data", { size: "1Gi", storageClass })];
}

function cache(image: string, storageClass: string | undefined): readonly object[] {
  const container = {
    name: "redis",
    image,
    imagePullPolicy: "IfNotPresent",
    args: ["--appendonly", "yes"],
    ports: [{ containerPort: 6379 }],
    volumeMounts: [{ name: "cache", mountPath: "/data" }],
    readinessProbe: { exec: { command: ["redis-cli", "ping"] }, periodSeconds: 1 },
  };
  return [service("cache", 6379), statefulSet("cache", container, "cache", { size: "256Mi", storageClass })];
}

/** Keeps its books on a raw device, as some databases do. */
function ledger(image: string, storageClass: string | undefined): readonly object[] {
  const container = {
    name: "ledger",
    image,
    imagePullPolicy: "IfNotPresent",
    command: ["sleep", "1000000"],
    volumeDevices: [{ name: "ledger", devicePath: "/dev/ledger" }],
  };
  return [statefulSet("ledger", container, "ledger", { size: "64Mi", storageClass, isBlock: true })];
}

function web(image: string): readonly object[] {
  const container = {
    name: "web",
    image,
    imagePullPolicy: "IfNotPresent",
    command: ["httpd", "-f", "-p", "8080", "-h", "/pages"],
    ports: [{ containerPort: 8080 }],
    volumeMounts: [{ name: "pages", mountPath: "/pages" }],
    readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
  };
  return [
    service("web", 80, { targetPort: 8080 }),
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "web", labels: { app: "web", ...LABELS } },
      spec: {
        replicas: 2,
        selector: { matchLabels: { app: "web" } },
        template: {
          metadata: { labels: { app: "web", ...LABELS } },
          spec: {
            serviceAccountName: "shop",
            terminationGracePeriodSeconds: 1,
            containers: [container],
            volumes: [{ name: "pages", configMap: { name: "pages" } }],
          },
        },
      },
    },
    {
      apiVersion: "networking.k8s.io/v1",
      kind: "Ingress",
      metadata: { name: "web", labels: LABELS },
      spec: {
        rules: [
          {
            host: "shop.example.com",
            http: { paths: [{ path: "/", pathType: "Prefix", backend: { service: { name: "web", port: { number: 80 } } } }] },
          },
        ],
      },
    },
  ];
}

function writer(image: string): object {
  const container = {
    name: "writer",
    image,
    imagePullPolicy: "IfNotPresent",
    command: ["sh", "-c", WRITER],
    env: [
      { name: "PGHOST", value: "db" },
      { name: "PGUSER", value: "postgres" },
      { name: "PGPASSWORD", valueFrom: { secretKeyRef: { name: "database", key: "password" } } },
    ],
  };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "orders", labels: { app: "orders", ...LABELS } },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: "orders" } },
      template: {
        metadata: { labels: { app: "orders", ...LABELS }, annotations: { "holdfast.dev/blueprint": "none" } },
        spec: { terminationGracePeriodSeconds: 1, containers: [container] },
      },
    },
  };
}

function report(image: string): object {
  const container = { name: "report", image, imagePullPolicy: "IfNotPresent", command: ["true"] };
  return {
    apiVersion: "batch/v1",
    kind: "CronJob",
    metadata: { name: "report", labels: LABELS },
    spec: {
      schedule: "0 6 * * *",
      jobTemplate: { spec: { template: { spec: { restartPolicy: "Never", containers: [container] } } } },
    },
  };
}

function service(name: string, port: number, fields: { readonly clusterIP?: string; readonly targetPort?: number } = {}): object {
  const { clusterIP, targetPort = port } = fields;
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, labels: LABELS },
    spec: { selector: { app: name }, ports: [{ port, targetPort }], ...(clusterIP === undefined ? {} : { clusterIP }) },
  };
}

interface ClaimTemplate {
  readonly size: string;
  readonly storageClass: string | undefined;
  readonly isBlock?: boolean;
}

function statefulSet(name: string, container: object, claim: string, { size, storageClass, isBlock = false }: ClaimTemplate): object {
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name, labels: { app: name, ...LABELS } },
    spec: {
      serviceName: name,
      replicas: 1,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name, ...LABELS } },
        spec: { terminationGracePeriodSeconds: 10, containers: [container] },
      },
      volumeClaimTemplates: [
        {
          metadata: { name: claim },
          spec: {
            accessModes: ["ReadWriteOnce"],
            volumeMode: isBlock ? "Block" : "Filesystem",
            resources: { requests: { storage: size } },
            ...(storageClass === undefined ? {} : { storageClassName: storageClass }),
          },
        },
      ],
    },
  };
}
