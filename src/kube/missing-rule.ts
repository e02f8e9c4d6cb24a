/** Which rule a role lacks, read from the words with which the API server forbids something. */

export interface MissingRule {
  /** `list "secrets" in namespace "a"` */
  readonly text: string;
  readonly hint: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** Source: apiserver, `responsewriters.ForbiddenErrorMessage`. */
const RESOURCE =
  / cannot (?<verb>\S+) resource "(?<resource>[^"]+)" in API group "(?<group>[^"]*)" (?:at the cluster scope|in the namespace "(?<namespace>[^"]*)")/;
const PATH = / cannot (?<verb>\S+) path "(?<path>[^"]+)"/;
const WHO = /User "(?<user>[^"]*)" cannot/;

/** undefined if it is another matter, such as a quota or an admission webhook. */
export function forbiddenRule(words: string): MissingRule | undefined {
  const user = WHO.exec(words)?.groups?.["user"];
  if (user === undefined) return undefined;
  const { verb = "", resource = "", group = "", namespace } = RESOURCE.exec(words)?.groups ?? {};
  if (resource !== "") {
    const where = namespace === undefined ? "in the whole cluster" : `in namespace "${namespace}"`;
    const kind = namespace === undefined ? "cluster role" : "role";
    return {
      text: `${verb} "${resource}" ${where}`,
      hint: `Give "${user}" a ${kind} with apiGroups ["${group}"], resources ["${resource}"], verbs ["${verb}"]`,
      fields: { user, verb, resource, group, ...(namespace === undefined ? {} : { namespace }) },
    };
  }
  const { verb: pathVerb, path } = PATH.exec(words)?.groups ?? {};
  if (path === undefined || pathVerb === undefined) return undefined;
  const hint = `Give "${user}" a cluster role with nonResourceURLs ["${path}"], verbs ["${pathVerb}"]`;
  return { text: `${pathVerb} "${path}"`, hint, fields: { user, verb: pathVerb, path } };
}
