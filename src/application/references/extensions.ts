/** What makes the API server call a service: these point at an application, and do not work without it. */
import { type JsonObject, listIn, objectIn, textIn } from "../../kube/json.ts";
import { type Reference, SERVICE, to } from "./reference.ts";

/** Of ValidatingWebhookConfiguration and MutatingWebhookConfiguration. */
export function* webhookReferences(object: JsonObject): Iterable<Reference> {
  for (const webhook of listIn(object, "webhooks")) yield* service(objectIn(webhook, "clientConfig"), "calls it");
}

export function* apiServiceReferences(object: JsonObject): Iterable<Reference> {
  yield* service(objectIn(object, "spec"), "is served by it");
}

export function* definitionReferences(object: JsonObject): Iterable<Reference> {
  const webhook = objectIn(objectIn(objectIn(object, "spec"), "conversion"), "webhook");
  yield* service(objectIn(webhook, "clientConfig"), "converts its versions");
}

function service(client: JsonObject, why: string): readonly Reference[] {
  const target = objectIn(client, "service");
  return to(SERVICE, textIn(target, "namespace"), textIn(target, "name"), why);
}
