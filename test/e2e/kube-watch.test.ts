import assert from "node:assert/strict";
import { test } from "node:test";
import { objectIn, textIn } from "../../src/kube/json.ts";
import { createObject, deleteObject, patchObject } from "../../src/kube/objects.ts";
import { watch, type WatchEvent } from "../../src/kube/watch.ts";
import { environment } from "../support/environment.ts";
import { CONFIG_MAPS, configMap, FIELD_MANAGER, openKube } from "../support/kube.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";

const skip = SKIP_WITHOUT_CLUSTER;
const fieldManager = FIELD_MANAGER;

function short(shown: WatchEvent): string {
  return "object" in shown ? `${shown.type} ${textIn(objectIn(shown.object, "metadata"), "name")}` : shown.type;
}

test("watch() shows what is there, then every change, whole or metadata only", { skip }, async (t) => {
  const { kubeconfig, namespace } = await environment(t).cluster();
  const api = await openKube(t, kubeconfig);
  await createObject(api, CONFIG_MAPS, configMap("a", { k: "1" }), { namespace, fieldManager });
  for (const isMetadataOnly of [false, true]) {
    const events = watch(api, CONFIG_MAPS, {
      namespace,
      fieldSelector: "metadata.name!=kube-root-ca.crt",
      isMetadataOnly,
      signal: t.signal,
    });
    const next = async (): Promise<WatchEvent> => (await events.next()).value ?? { type: "resync" };
    assert.deepEqual([short(await next()), short(await next()), short(await next())], ["resync", "added a", "bookmark"]);
    await patchObject(
      api,
      CONFIG_MAPS,
      { namespace, name: "a" },
      { type: "merge", changes: { data: { k: `${isMetadataOnly}` } } },
      { fieldManager },
    );
    await createObject(api, CONFIG_MAPS, configMap("b"), { namespace, fieldManager });
    await deleteObject(api, CONFIG_MAPS, { namespace, name: "b" }, { propagation: "Background" });
    const modified = await next();
    assert.deepEqual([short(modified), short(await next()), short(await next())], ["modified a", "added b", "deleted b"]);
    assert.ok("object" in modified);
    assert.deepEqual(
      [modified.object["kind"], modified.object["apiVersion"], "data" in modified.object],
      ["ConfigMap", "v1", !isMetadataOnly],
    );
    await events.return();
  }
});
