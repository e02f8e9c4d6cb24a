/** `manifest.json` of an image: plain JSON, so that a person can put the parts together with nothing at hand. */
import { DomainError } from "../../base/errors.ts";
import { encodeJson, JsonObject } from "../../repository/format/json-object.ts";
import { type ImageLayout, isPossible, PART_BYTES } from "./layout.ts";

const FORMAT = "holdfast-image";
const VERSION = 1;
/** What a reader takes for one. */
export const MAX_MANIFEST_BYTES: number = 64 << 10;

export function encodeManifest({ bytes, partBytes }: ImageLayout): Uint8Array {
  return encodeJson({ format: FORMAT, version: VERSION, bytes, partBytes });
}

/**
 * What it does not know it reads past: a later version that cannot be read so has another number.
 *
 * @throws {DomainError} unsupported/image_version, corrupt/image_manifest
 */
export function parseManifest(json: Uint8Array): ImageLayout {
  const fields = JsonObject.parse(json, "image manifest");
  if (fields.text("format") !== FORMAT) throw fields.fault(`it is not of the format "${FORMAT}"`);
  const version = fields.count("version");
  if (version === 0) throw fields.fault('field "version" is missing');
  if (version > VERSION) {
    throw new DomainError("unsupported", "image_version", `Cannot read image manifest: it has version ${version}`, {
      details: { version, newest: VERSION },
      hint: "Use a later Holdfast",
    });
  }
  const layout = { bytes: fields.count("bytes", Number.MAX_SAFE_INTEGER), partBytes: fields.count("partBytes", PART_BYTES) };
  if (layout.partBytes === 0) throw fields.fault('field "partBytes" is missing');
  if (!isPossible(layout)) throw fields.fault("it has more parts than can be named");
  return layout;
}
