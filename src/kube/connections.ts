/** How requests get to the API server: kept connections, time limits, proxy, trust, and the client's own certificate. */
import { type Dispatcher, EnvHttpProxyAgent } from "undici";
import type { Certificate, ClusterAccess, Environment, Trust } from "./access.ts";

/** As `node:tls` takes them. */
export interface TlsOptions {
  readonly ca?: string;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
  readonly cert?: string;
  readonly key?: string;
}

export interface ProxySettings {
  readonly httpProxy: string;
  readonly httpsProxy: string;
  readonly noProxy: string;
}

const CONNECT_TIMEOUT_MS = 10_000;
/** Longest time without a byte in either direction. The server itself gives up on a request after 60 s. */
const IDLE_TIMEOUT_MS = 75_000;

/** Connections that know one certificate at a time: when another is to be shown, new ones are made, and the old ones end with their requests. */
export class Connections implements AsyncDisposable {
  readonly #access: ClusterAccess;
  readonly #proxies: ProxySettings;
  #certificate: Certificate | undefined;
  #agent: Dispatcher | undefined;

  constructor(access: ClusterAccess, environment: Environment) {
    this.#access = access;
    this.#proxies = proxySettings(access.proxy, environment);
  }

  get proxies(): ProxySettings {
    return this.#proxies;
  }

  showing(certificate: Certificate | undefined): Dispatcher {
    if (this.#agent !== undefined && certificate === this.#certificate) return this.#agent;
    void this.#agent?.close();
    this.#certificate = certificate;
    this.#agent = this.#connect(certificate);
    return this.#agent;
  }

  tls(certificate: Certificate | undefined): TlsOptions {
    return tlsOptions(this.#access.trust, certificate);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent?.destroy();
  }

  #connect(certificate: Certificate | undefined): Dispatcher {
    const tls = this.tls(certificate);
    return new EnvHttpProxyAgent({
      ...this.#proxies,
      // Of many small requests HTTP/2 makes one busy connection; several plain ones are faster.
      allowH2: false,
      connectTimeout: CONNECT_TIMEOUT_MS,
      connect: { ...tls, timeout: CONNECT_TIMEOUT_MS },
      requestTls: tls,
      headersTimeout: IDLE_TIMEOUT_MS,
      bodyTimeout: IDLE_TIMEOUT_MS,
    });
  }
}

function tlsOptions({ ca, serverName, isInsecure }: Trust, certificate: Certificate | undefined): TlsOptions {
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(serverName === undefined ? {} : { servername: serverName }),
    ...(isInsecure ? { rejectUnauthorized: false } : {}),
    ...(certificate === undefined ? {} : { cert: certificate.cert, key: certificate.key }),
  };
}

/** The proxy of the kubeconfig is for every address; that of the environment has exceptions. */
function proxySettings(proxy: string | undefined, environment: Environment): ProxySettings {
  if (proxy !== undefined) return { httpProxy: proxy, httpsProxy: proxy, noProxy: "" };
  const variable = (name: string): string => environment[name.toLowerCase()] ?? environment[name] ?? "";
  return { httpProxy: variable("HTTP_PROXY"), httpsProxy: variable("HTTPS_PROXY"), noProxy: variable("NO_PROXY") };
}
