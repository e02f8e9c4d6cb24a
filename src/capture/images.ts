/** The images that run in a unit, by digest where the kubelet has said it. */
import { type JsonObject, listIn, objectIn, textIn } from "../kube/json.ts";
import type { PointImage } from "../point/description.ts";

const DIGEST = /@(?<digest>sha256:[0-9a-f]{64})$|^(?<bare>sha256:[0-9a-f]{64})$/;
const STATUSES = ["initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"] as const;

export class RunningImages {
  readonly #images = new Map<string, PointImage>();

  addPod(pod: JsonObject): void {
    const status = objectIn(pod, "status");
    for (const container of STATUSES.flatMap((list) => listIn(status, list))) {
      const image = textIn(container, "image") ?? "";
      const { digest, bare } = DIGEST.exec(textIn(container, "imageID") ?? "")?.groups ?? {};
      if (image !== "") this.#images.set(`${image} ${digest ?? bare ?? ""}`, { image, digest: digest ?? bare });
    }
  }

  /** In the order of their names. */
  get all(): readonly PointImage[] {
    return Array.from(this.#images.entries())
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([, image]) => image);
  }
}
