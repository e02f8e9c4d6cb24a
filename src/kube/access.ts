/** What is known about a cluster and about who asks before the first request: the outcome of reading a kubeconfig. */

export interface ClusterAccess {
  /** Where this comes from, for messages: `context "prod"`. */
  readonly origin: string;
  /** URL of the API server, without a slash at its end. */
  readonly server: string;
  readonly trust: Trust;
  /** URL of a proxy, which may have a password in it; undefined: what the environment says. */
  readonly proxy: string | undefined;
  readonly user: User;
  readonly impersonation: Impersonation | undefined;
  /** What the kubeconfig calls the cluster; undefined in a pod. */
  readonly clusterName: string | undefined;
  /** What commands use that name none. */
  readonly namespace: string;
}

/** How the server proves who it is. */
export interface Trust {
  /** Certificate authorities in PEM form; undefined: those of the system. */
  readonly ca: string | undefined;
  /** Name that the certificate must have, if not that of the URL. */
  readonly serverName: string | undefined;
  /** Any certificate will do. */
  readonly isInsecure: boolean;
}

/** All that a user of a kubeconfig may have; nobody in particular if it has nothing. */
export interface User {
  readonly certificate?: Certificate | undefined;
  /** Counts until the file of the token has been read. */
  readonly token?: string | undefined;
  readonly tokenFile?: string | undefined;
  readonly password?: { readonly username: string; readonly password: string } | undefined;
  readonly plugin?: ExecPlugin | undefined;
}

/** In PEM form. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** A program that prints credentials. Source: Kubernetes, "client-go credential plugins". */
export interface ExecPlugin {
  readonly apiVersion: ExecApiVersion;
  /** A path, or a name to look up in PATH. */
  readonly command: string;
  readonly args: readonly string[];
  /** Besides the environment of this process. */
  readonly env: Readonly<Record<string, string>>;
  /** Whether the program may ask the person at the terminal. */
  readonly interactive: InteractiveMode;
  /** What the program is told of the cluster, if it asks for that: the `cluster` of its ExecCredential. */
  readonly cluster: Readonly<Record<string, unknown>> | undefined;
  readonly installHint: string | undefined;
}

export const EXEC_API_VERSIONS = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"] as const;
export type ExecApiVersion = (typeof EXEC_API_VERSIONS)[number];

export const INTERACTIVE_MODES = ["Never", "IfAvailable", "Always"] as const;
export type InteractiveMode = (typeof INTERACTIVE_MODES)[number];

/** Whose rights are used instead of one's own. */
export interface Impersonation {
  readonly user: string;
  readonly uid: string | undefined;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

export type Environment = Readonly<Record<string, string | undefined>>;
