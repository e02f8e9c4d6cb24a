/** Claims of which no volume is made before a pod uses them: without such a pod there is nothing to wait for. */
import { type JsonObject, listIn, objectIn, textIn } from "../../kube/json.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import { listPages } from "../../kube/list.ts";
import { getObject } from "../../kube/objects.ts";
import { onlyIfThere } from "../plan/live-objects.ts";

const CLASSES = { group: "storage.k8s.io", version: "v1", plural: "storageclasses" };
const PODS = { group: "", version: "v1", plural: "pods", kind: "Pod" };

export class FirstConsumers {
  readonly #api: KubeApi;
  readonly #signal: AbortSignal;
  readonly #lateClasses = new Map<string, boolean>();
  /** Names of claims, by namespace. */
  readonly #used = new Map<string, ReadonlySet<string>>();

  constructor(api: KubeApi, signal: AbortSignal) {
    this.#api = api;
    this.#signal = signal;
  }

  /** Whether it is a claim that waits for a pod that there is not. */
  async isWaitedFor(object: JsonObject): Promise<boolean> {
    if (object["kind"] !== "PersistentVolumeClaim" || object["apiVersion"] !== "v1") return false;
    const storageClass = textIn(objectIn(object, "spec"), "storageClassName");
    if (storageClass === undefined || !(await this.#isLate(storageClass))) return false;
    const metadata = objectIn(object, "metadata");
    return !(await this.#usedIn(textIn(metadata, "namespace") ?? "")).has(textIn(metadata, "name") ?? "");
  }

  async #isLate(name: string): Promise<boolean> {
    const known = this.#lateClasses.get(name);
    if (known !== undefined) return known;
    const found = await getObject(this.#api, CLASSES, { name }, { signal: this.#signal }).catch(onlyIfThere);
    const isLate = found !== undefined && textIn(found, "volumeBindingMode") === "WaitForFirstConsumer";
    this.#lateClasses.set(name, isLate);
    return isLate;
  }

  async #usedIn(namespace: string): Promise<ReadonlySet<string>> {
    const known = this.#used.get(namespace);
    if (known !== undefined) return known;
    const used = new Set<string>();
    for await (const { items } of listPages(this.#api, PODS, { namespace, signal: this.#signal })) {
      for (const volume of items.flatMap((pod) => listIn(objectIn(pod, "spec"), "volumes"))) {
        const claim = textIn(objectIn(volume, "persistentVolumeClaim"), "claimName");
        if (claim !== undefined) used.add(claim);
      }
    }
    this.#used.set(namespace, used);
    return used;
  }
}
