/** What an application was installed as, by which tool. */

export interface Release {
  readonly tool: "helm" | "argocd" | "flux";
  readonly name: string;
  /** Where the tool keeps it. */
  readonly namespace: string;
  /** Chart and version of Helm; URL of the source of others. */
  readonly source: string | undefined;
  /** A number of Helm; a commit of others. */
  readonly revision: string | undefined;
}
