/** A webhook that converts custom resources from version to version, in the process of a test. */
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import type { TestContext } from "node:test";
import { subnet } from "../../dev/cluster/spec.ts";
import { loadSpec } from "../../dev/cluster/store.ts";
import { run } from "../../dev/host/run.ts";
import { type JsonObject, listIn, objectIn, textIn } from "../../src/kube/json.ts";
import { environment } from "./environment.ts";
import type { TestCluster } from "./test-cluster.ts";

export interface ConversionWebhook {
  /** The `spec.conversion` of a definition. */
  readonly conversion: JsonObject;
  /** How many objects it has converted. */
  readonly converted: () => number;
}

/** @param convert Gives the object as a version has it, its apiVersion included */
export async function startConversionWebhook(
  t: TestContext,
  cluster: TestCluster,
  convert: (object: JsonObject, apiVersion: string) => JsonObject,
): Promise<ConversionWebhook> {
  const spec = await loadSpec(cluster.name);
  if (spec === undefined) throw new Error(`no cluster ${cluster.name}`);
  // Where the cluster reaches this machine.
  const { host } = subnet(spec);
  const folder = await environment(t).temporaryFolder();
  const [keyFile, certificateFile] = [join(folder, "key"), join(folder, "certificate")];
  const newKey = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"];
  const names = ["-subj", "/CN=webhook", "-addext", `subjectAltName=IP:${host}`];
  await run("openssl", ["req", ...newKey, ...names, "-keyout", keyFile, "-out", certificateFile], { signal: t.signal });
  const certificate = await readFile(certificateFile);
  let converted = 0;
  const answer = ({ request }: JsonObject): JsonObject => {
    const review = { request: request ?? null };
    const convertedObjects = listIn(objectIn(review, "request"), "objects").map((object) =>
      convert(objectIn({ object }, "object"), textIn(objectIn(review, "request"), "desiredAPIVersion") ?? ""),
    );
    converted += convertedObjects.length;
    const response = { uid: textIn(objectIn(review, "request"), "uid") ?? "", result: { status: "Success" }, convertedObjects };
    return { apiVersion: "apiextensions.k8s.io/v1", kind: "ConversionReview", response };
  };
  const server = createServer({ key: await readFile(keyFile), cert: certificate }, (request, response) => {
    json(request).then(
      (review) => response.setHeader("content-type", "application/json").end(JSON.stringify(answer(review as JsonObject))),
      (error: unknown) => response.destroy(error instanceof Error ? error : undefined),
    );
  });
  server.listen(0, host);
  await once(server, "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const url = `https://${host}:${(server.address() as AddressInfo).port}/convert`;
  const clientConfig = { url, caBundle: certificate.toString("base64") };
  return {
    conversion: { strategy: "Webhook", webhook: { conversionReviewVersions: ["v1"], clientConfig } },
    converted: () => converted,
  };
}
