/** A user of a kubeconfig: what it proves itself with, and as whom it acts. */
import { isAbsolute, join, dirname } from "node:path";
import { EXEC_API_VERSIONS, type ExecPlugin, type Impersonation, INTERACTIVE_MODES, type User } from "../access.ts";
import { DomainError } from "../../base/errors.ts";
import type { Fields } from "../../base/fields.ts";
import { pathIn, pemOf } from "./paths.ts";

/** @param cluster For a plug-in that wants to know: see ExecPlugin */
export async function readUser(fields: Fields, cluster: ExecPlugin["cluster"], signal?: AbortSignal): Promise<User> {
  if (fields.mapping("auth-provider") !== undefined) {
    throw new DomainError(
      "unsupported",
      "kubeconfig_auth_provider",
      `Cannot use kubeconfig "${fields.source.file}": auth-provider is no longer part of Kubernetes`,
      { hint: "Use the exec plug-in that took the place of this provider" },
    );
  }
  const [cert, key] = [await pemOf(fields, "client-certificate", signal), await pemOf(fields, "client-key", signal)];
  if (cert !== undefined && key === undefined) throw fields.refusal("client-key", "is missing beside the certificate");
  const username = fields.text("username");
  const exec = fields.mapping("exec");
  return {
    certificate: cert === undefined || key === undefined ? undefined : { cert, key },
    token: fields.text("token"),
    tokenFile: pathIn(fields, "tokenFile"),
    password: username === undefined ? undefined : { username, password: fields.text("password") ?? "" },
    plugin: exec === undefined ? undefined : readPlugin(exec, cluster),
  };
}

export function readImpersonation(fields: Fields): Impersonation | undefined {
  const user = fields.text("as");
  const [uid, groups, extra] = [fields.text("as-uid"), fields.texts("as-groups"), fields.mapping("as-user-extra")];
  if (user === undefined) {
    if (uid !== undefined || groups.length > 0 || extra !== undefined)
      throw fields.refusal("as", "is missing beside its uid, groups or extra");
    return undefined;
  }
  return { user, uid, groups, extra: Object.fromEntries((extra?.names() ?? []).map((name) => [name, extra?.texts(name) ?? []])) };
}

function readPlugin(fields: Fields, cluster: ExecPlugin["cluster"]): ExecPlugin {
  const apiVersion = fields.oneOf("apiVersion", EXEC_API_VERSIONS);
  if (apiVersion === undefined) throw fields.refusal("apiVersion", "is missing");
  const interactive = fields.oneOf("interactiveMode", INTERACTIVE_MODES);
  if (interactive === undefined && apiVersion === "client.authentication.k8s.io/v1") throw fields.refusal("interactiveMode", "is missing");
  const command = fields.requiredText("command");
  return {
    apiVersion,
    // A bare name is looked up in PATH; any other path begins at the file.
    command: command.includes("/") && !isAbsolute(command) ? join(dirname(fields.source.file), command) : command,
    args: fields.texts("args"),
    env: Object.fromEntries(fields.mappings("env").map((pair) => [pair.requiredText("name"), pair.text("value") ?? ""])),
    interactive: interactive ?? "IfAvailable",
    cluster: fields.flag("provideClusterInfo") ? cluster : undefined,
    installHint: fields.text("installHint"),
  };
}
