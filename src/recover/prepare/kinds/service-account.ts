/** Service accounts: each namespace gets one called `default` by itself, and older clusters gave each account a secret with a token. */
import { textIn } from "../../../kube/json.ts";
import type { Care } from "../care.ts";
import { at, changeIn } from "../edit.ts";

/** The letters of generated names. */
const GENERATED = /^-(?:token|dockercfg)-[bcdfghjklmnpqrstvwxz2456789]{5}$/;

/** Whether the cluster made the secret of this name for the account. */
export function isMadeForAccount(secret: string, account: string): boolean {
  return secret.startsWith(account) && GENERATED.test(secret.slice(account.length));
}

export const serviceAccount: Care = {
  clean(object, { name }) {
    let cleaned = object;
    for (const list of ["secrets", "imagePullSecrets"]) {
      cleaned = changeIn(cleaned, at(`${list}[]`), (entry) => (isMadeForAccount(textIn(entry, "name") ?? "", name) ? undefined : entry));
    }
    return cleaned;
  },
  isMerged: ({ name }) => name === "default",
};
