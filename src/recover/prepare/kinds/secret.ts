/** Secrets: tokens of the source are worth nothing elsewhere, and a Helm release knows its namespace. */
import { objectIn, textIn } from "../../../kube/json.ts";
import type { Care } from "../care.ts";
import { at, changeIn, withoutEntries } from "../edit.ts";
import { leftOut } from "../prepared.ts";
import { leaveOutRelease, moveRelease } from "./helm-release.ts";
import { isMadeForAccount } from "./service-account.ts";

const TOKEN_TYPE = "kubernetes.io/service-account-token";
const BOOTSTRAP_TYPE = "bootstrap.kubernetes.io/token";
const ACCOUNT_NAME = "kubernetes.io/service-account.name";
/** What a cluster fills into the secret of an account that somebody asked for by hand. */
const FILLED: ReadonlySet<string> = new Set(["token", "ca.crt", "service-ca.crt", "namespace"]);
const FILLED_ANNOTATIONS: ReadonlySet<string> = new Set(["kubernetes.io/service-account.uid"]);
const FILLED_LABELS: ReadonlySet<string> = new Set(["kubernetes.io/legacy-token-last-used", "kubernetes.io/legacy-token-invalid-since"]);

export const secret: Care = {
  leaveOut(captured, target) {
    const type = textIn(captured.object, "type");
    const annotations = objectIn(objectIn(captured.object, "metadata"), "annotations");
    const account = textIn(annotations, ACCOUNT_NAME) ?? textIn(annotations, "openshift.io/internal-registry-auth-token.service-account");
    if (type === BOOTSTRAP_TYPE) return leftOut("credential", "it lets nodes join the cluster that it comes from");
    if (account !== undefined && isMadeForAccount(captured.name, account)) {
      return leftOut("credential", `the cluster made it for service account "${account}"`);
    }
    return leaveOutRelease(captured, target);
  },
  clean(object) {
    if (textIn(object, "type") !== TOKEN_TYPE) return object;
    const cleaned = withoutEntries(object, ["data"], (name) => FILLED.has(name));
    const annotated = withoutEntries(cleaned, at("metadata.annotations"), (name) => FILLED_ANNOTATIONS.has(name));
    return withoutEntries(annotated, at("metadata.labels"), (name) => FILLED_LABELS.has(name));
  },
  rename(object, captured, target) {
    const { namespace } = captured;
    const renamed = changeIn(object, ["metadata", "annotations", ACCOUNT_NAME], (name) =>
      typeof name === "string" ? target.name({ group: "", kind: "ServiceAccount", namespace, name }) : name,
    );
    return moveRelease(renamed, captured, target);
  },
};

export const configMap: Care = {
  leaveOut(captured, target) {
    const { name, object } = captured;
    if (name === "kube-root-ca.crt" || name === "openshift-service-ca.crt") {
      return leftOut("cluster_made", "it holds the authority of the cluster that it comes from");
    }
    if ("control-plane.alpha.kubernetes.io/leader" in objectIn(objectIn(object, "metadata"), "annotations")) {
      return leftOut("runtime", "it says who leads at the moment");
    }
    return leaveOutRelease(captured, target);
  },
  rename: moveRelease,
};
