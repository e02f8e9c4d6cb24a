/** Where volumes are measured: a cluster of its own with the images that the parts need, and a folder on the same disk. */
import { mkdir } from "node:fs/promises";
import { kubectlPath } from "../../dev/cluster/kubeconfig.ts";
import { load } from "../../dev/cluster/load.ts";
import { Kubectl } from "../../dev/demo/kubectl.ts";
import type { ShopOptions } from "../../dev/demo/shop.ts";
import type { KubeApi } from "../../src/kube/kube-api.ts";
import { openCluster } from "../cluster.ts";

export class Site implements AsyncDisposable {
  readonly cluster: string;
  readonly kubeconfig: string;
  readonly api: KubeApi;
  readonly kubectl: Kubectl;
  readonly images: ShopOptions["images"];
  /** Of movers. */
  readonly moverImage: string;
  /** For whatever a part needs; pods can mount it. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly #owned: AsyncDisposableStack;

  private constructor(
    own: Pick<Site, "api" | "cluster" | "folder" | "images" | "kubeconfig" | "kubectl" | "moverImage" | "signal">,
    owned: AsyncDisposableStack,
  ) {
    this.cluster = own.cluster;
    this.kubeconfig = own.kubeconfig;
    this.api = own.api;
    this.kubectl = own.kubectl;
    this.images = own.images;
    this.moverImage = own.moverImage;
    this.folder = own.folder;
    this.signal = own.signal;
    this.#owned = owned;
  }

  /** @param folder A new one */
  static async open(folder: string, signal: AbortSignal): Promise<Site> {
    await mkdir(folder, { recursive: true });
    await using owned = new AsyncDisposableStack();
    const { name: cluster, kubeconfig, api } = owned.use(await openCluster({ controlPlaneOnly: false }, signal));
    const [postgres = "", redis = "", shell = "", moverImage = ""] = await load(
      cluster,
      ["postgres", "redis", "shell", "holdfast"],
      signal,
    );
    const kubectl = new Kubectl(kubectlPath(cluster), kubeconfig, signal);
    const images = { postgres, redis, shell };
    return new Site({ cluster, kubeconfig, api, kubectl, images, moverImage, folder, signal }, owned.move());
  }

  async makeNamespace(name: string): Promise<void> {
    await this.kubectl.apply([{ apiVersion: "v1", kind: "Namespace", metadata: { name } }]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync();
  }
}
