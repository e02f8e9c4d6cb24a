/** The credentials of a user, wherever they come from. What stands in the kubeconfig itself counts before a plug-in. */
import type { User } from "../access.ts";
import { basic, bearer, Credentials, type CredentialSource } from "./credentials.ts";
import type { PluginContext } from "./plugin-run.ts";
import { PluginSource } from "./plugin-source.ts";
import { TokenFile } from "./token-file.ts";

export function credentialsOf(user: User, context: PluginContext, closed: AbortSignal): CredentialSource {
  const { certificate, token, tokenFile, password, plugin } = user;
  const authorization =
    token !== undefined ? bearer(token) : password !== undefined ? basic(password.username, password.password) : undefined;
  const fixed = new Credentials({ authorization, certificate });
  if (tokenFile !== undefined) return new TokenFile(tokenFile, fixed, context.clock);
  if (plugin !== undefined && authorization === undefined && certificate === undefined) return new PluginSource(plugin, context, closed);
  return { current: async () => fixed, refuse: () => false };
}
