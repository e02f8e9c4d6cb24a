/** Reads holdfast.json of a restore point. Whoever has a key of the repository can have written it. */
import { DomainError } from "../base/errors.ts";
import type { Finding } from "../base/finding.ts";
import { parseUlid, type Ulid } from "../base/ids.ts";
import { JsonObject } from "../repository/format/json-object.ts";
import { POINT_FORMAT, type PointDescription, type PointUnit } from "./description.ts";
import { readDatabase, readStream, readVolume } from "./read-volumes.ts";

export const MAX_DESCRIPTION_BYTES: number = 64 << 20;

/** @throws {DomainError} corrupt/restore_point, unsupported/point_format */
export function readDescription(json: Uint8Array): PointDescription {
  const fields = JsonObject.parse(json, "restore point");
  const format = fields.count("format");
  if (format < 1) throw fields.fault('field "format" is missing');
  if (format > POINT_FORMAT) {
    throw new DomainError("unsupported", "point_format", `Cannot read the restore point: it has format ${format}`, {
      hint: "Use a newer Holdfast",
    });
  }
  const cluster = fields.requiredObject("cluster");
  return {
    format,
    id: readUlid(fields),
    time: fields.requiredTime("time").text,
    unit: readUnit(fields.requiredObject("unit")),
    cluster: { id: cluster.text("id"), name: cluster.text("name"), version: cluster.text("version") },
    programVersion: fields.text("programVersion"),
    resources: fields.objects("resources").map((resource) => ({
      group: resource.text("group"),
      version: resource.requiredText("version"),
      plural: resource.requiredText("plural"),
      kind: resource.requiredText("kind"),
      count: resource.count("count"),
    })),
    dependencies: fields
      .objects("dependencies")
      .map((dependency) => ({ id: readId(dependency.requiredObject("id")), why: dependency.text("why") })),
    uses: fields.objects("uses").map((unit) => ({ kind: readKind(unit), name: unit.text("name"), why: unit.text("why") })),
    images: fields.objects("images").map((image) => ({ image: image.text("image"), digest: optional(image, "digest") })),
    releases: fields.objects("releases").map(readRelease),
    volumes: fields.objects("volumes").map(readVolume),
    streams: fields.objects("streams").map(readStream),
    databases: fields.objects("databases").map(readDatabase),
    findings: fields.objects("findings").map(readFinding),
  };
}

function readUlid(fields: JsonObject): Ulid {
  try {
    return parseUlid(fields.requiredText("id"));
  } catch {
    throw fields.fault('field "id" is not a ULID');
  }
}

function readKind(fields: JsonObject): PointUnit["kind"] {
  const kind = fields.text("kind");
  if (kind === "namespace" || kind === "declared" || kind === "cluster") return kind;
  throw fields.fault(`there is no kind of unit "${kind}"`);
}

function readUnit(fields: JsonObject): PointUnit {
  return { kind: readKind(fields), name: fields.requiredText("name"), namespaces: fields.texts("namespaces") };
}

function readId(fields: JsonObject): PointDescription["dependencies"][number]["id"] {
  return {
    group: fields.text("group"),
    kind: fields.requiredText("kind"),
    namespace: optional(fields, "namespace"),
    name: fields.requiredText("name"),
  };
}

function readRelease(fields: JsonObject): PointDescription["releases"][number] {
  const tool = fields.text("tool");
  if (tool !== "helm" && tool !== "argocd" && tool !== "flux") throw fields.fault(`there are no releases of "${tool}"`);
  return {
    tool,
    name: fields.requiredText("name"),
    namespace: fields.text("namespace"),
    source: optional(fields, "source"),
    revision: optional(fields, "revision"),
  };
}

function readFinding(fields: JsonObject): Finding {
  const grade = fields.text("grade");
  if (grade !== "info" && grade !== "partial" && grade !== "critical") throw fields.fault(`there are no findings of grade "${grade}"`);
  return { grade, code: fields.requiredText("code"), object: fields.text("object"), message: fields.text("message") };
}

function optional(fields: JsonObject, name: string): string | undefined {
  const text = fields.text(name);
  return text === "" ? undefined : text;
}
