/** A cluster of a kubeconfig: where its API server is, and how that proves itself. */
import { DomainError } from "../../base/errors.ts";
import type { ExecPlugin, Trust } from "../access.ts";
import type { Fields } from "../../base/fields.ts";
import { pemOf } from "./paths.ts";

export interface ClusterEntry {
  readonly server: string;
  readonly trust: Trust;
  readonly proxy: string | undefined;
  readonly forPlugin: ExecPlugin["cluster"];
}

/** Name of the extension that holds what a plug-in wants to know of a cluster. */
const PLUGIN_EXTENSION = "client.authentication.k8s.io/exec";

export async function readCluster(fields: Fields, signal?: AbortSignal): Promise<ClusterEntry> {
  const server = readUrl(fields, "server", ["https:", "http:"]);
  if (server === undefined) throw fields.refusal("server", "is missing");
  const trust: Trust = {
    ca: await pemOf(fields, "certificate-authority", signal),
    serverName: fields.text("tls-server-name"),
    isInsecure: fields.flag("insecure-skip-tls-verify"),
  };
  if (trust.isInsecure && trust.ca !== undefined) throw fields.refusal("insecure-skip-tls-verify", "is set beside a certificate authority");
  const proxy = readUrl(fields, "proxy-url", ["http:", "https:", "socks5:"]);
  if (proxy?.startsWith("socks5:") === true) {
    throw new DomainError(
      "unsupported",
      "kubeconfig_proxy",
      `Cannot use kubeconfig "${fields.source.file}": SOCKS proxies are not supported`,
      {
        hint: "Use a proxy that speaks HTTP",
      },
    );
  }
  return { server, trust, proxy, forPlugin: forPlugin(fields, server, trust, proxy) };
}

/** The `Cluster` of client.authentication.k8s.io: of the extensions the plug-in sees only the one that is meant for it. */
function forPlugin(fields: Fields, server: string, trust: Trust, proxy: string | undefined): ExecPlugin["cluster"] {
  const config = fields
    .mappings("extensions")
    .find((extension) => extension.text("name") === PLUGIN_EXTENSION)
    ?.raw("extension");
  return {
    server,
    ...(trust.serverName === undefined ? {} : { "tls-server-name": trust.serverName }),
    ...(trust.isInsecure ? { "insecure-skip-tls-verify": true } : {}),
    ...(trust.ca === undefined ? {} : { "certificate-authority-data": Buffer.from(trust.ca).toString("base64") }),
    ...(proxy === undefined ? {} : { "proxy-url": proxy }),
    ...(config === undefined ? {} : { config }),
  };
}

function readUrl(fields: Fields, name: string, protocols: readonly string[]): string | undefined {
  const text = fields.text(name);
  if (text === undefined) return undefined;
  const url = URL.parse(text);
  if (url === null || !protocols.includes(url.protocol)) {
    throw fields.refusal(name, `is not a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(" or ")}`);
  }
  return text.replace(/\/+$/, "");
}
