import { mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../host/run.ts";
import { type ClusterSpec, nodesOf, stateDir, subnet } from "./spec.ts";

/** Long enough for any development cluster, short enough not to be mistaken for a real one. */
const VALID_DAYS = "365";

interface Certificate {
  readonly name: string;
  /** Common name: the user or host that it proves. */
  readonly user: string;
  /** Organisation: the group of the user. */
  readonly group?: string;
  readonly hosts?: readonly string[];
  readonly ca: "ca" | "front-proxy-ca";
}

/** Folder of keys and certificates: NAME.key and NAME.crt. */
export function pkiDir(name: string): string {
  return join(stateDir(name), "pki");
}

/** Makes all keys and certificates of a cluster, once: the folder appears complete or not at all. */
export async function makePki(spec: ClusterSpec, signal?: AbortSignal): Promise<void> {
  const dir = pkiDir(spec.name);
  if (await stat(dir).catch(() => undefined)) return;
  const unfinished = `${dir}.new`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { mode: 0o700 });
  const openssl = (...args: string[]): Promise<unknown> => run("openssl", args, { cwd: unfinished, signal });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  for (const ca of ["ca", "front-proxy-ca"]) {
    await openssl(
      "req",
      "-x509",
      ...newKey,
      "-keyout",
      `${ca}.key`,
      "-out",
      `${ca}.crt`,
      "-days",
      VALID_DAYS,
      "-subj",
      `/CN=${spec.name}-${ca}`,
    );
  }
  await openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "service-account.key");
  await openssl("pkey", "-in", "service-account.key", "-pubout", "-out", "service-account.crt");
  await Promise.all(
    certificates(spec).map(async ({ name, user, group, hosts, ca }) => {
      const subject = `${group === undefined ? "" : `/O=${group}`}/CN=${user}`;
      await openssl("req", ...newKey, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", subject);
      const names = (hosts ?? []).map((host) => `${/^[\d.]+$/.test(host) ? "IP" : "DNS"}:${host}`).join(",");
      const extensions = `extendedKeyUsage=clientAuth,serverAuth\n${names === "" ? "" : `subjectAltName=${names}\n`}`;
      await writeFile(join(unfinished, `${name}.ext`), extensions);
      const issuer = ["-CA", `${ca}.crt`, "-CAkey", `${ca}.key`, "-set_serial", `0x${Buffer.from(name).toString("hex")}`];
      await openssl("x509", "-req", "-in", `${name}.csr`, ...issuer, "-days", VALID_DAYS, "-extfile", `${name}.ext`, "-out", `${name}.crt`);
    }),
  );
  await rename(unfinished, dir);
}

function certificates(spec: ClusterSpec): Certificate[] {
  const { api } = subnet(spec);
  const nodes = nodesOf(spec);
  const apiNames = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"];
  return [
    { name: "api", user: "kube-apiserver", hosts: [...apiNames, api, nodes[0].address, "127.0.0.1"], ca: "ca" },
    { name: "api-to-kubelet", user: "kube-apiserver-kubelet-client", group: "system:masters", ca: "ca" },
    { name: "front-proxy", user: "front-proxy-client", ca: "front-proxy-ca" },
    { name: "admin", user: "admin", group: "system:masters", ca: "ca" },
    { name: "controller-manager", user: "system:kube-controller-manager", ca: "ca" },
    { name: "scheduler", user: "system:kube-scheduler", ca: "ca" },
    { name: "proxy", user: "system:kube-proxy", ca: "ca" },
    ...nodes.map(({ name, address }): Certificate => ({
      name,
      user: `system:node:${name}`,
      group: "system:nodes",
      hosts: [name, address],
      ca: "ca",
    })),
  ];
}
