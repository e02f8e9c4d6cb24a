/** What holdfast.json says of volumes and databases. */
import type { JsonObject } from "../repository/format/json-object.ts";
import type { Consistency, LocalSnapshot, PointDatabase, PointStream, PointVolume, VolumeData, VolumeMethod } from "./description.ts";
import { STREAMS_FOLDER, VOLUMES_FOLDER } from "./object-path.ts";

const METHODS: ReadonlySet<string> = new Set<VolumeMethod>(["live", "skip", "snapshot", "stream"]);
const CONSISTENCIES: ReadonlySet<string> = new Set<Consistency>(["application", "crash", "group", "live"]);
/** What is no way out of the folder that it is in. */
const PLAIN_NAME = /^(?!\.{1,2}$)[^\p{Cc}/]{1,255}$/u;

export function readVolume(fields: JsonObject): PointVolume {
  const method = fields.text("method");
  const mode = fields.text("mode");
  if (!isMethod(method)) throw fields.fault(`there is no method "${method}" for volumes`);
  if (mode !== "Block" && mode !== "Filesystem") throw fields.fault(`there is no volume mode "${mode}"`);
  const data = fields.object("data");
  return {
    namespace: fields.requiredText("namespace"),
    claim: fields.requiredText("claim"),
    claimUid: fields.requiredText("claimUid"),
    method,
    why: fields.text("why"),
    mode,
    storageClass: optional(fields, "storageClass"),
    driver: optional(fields, "driver"),
    accessModes: fields.texts("accessModes"),
    capacityBytes: fields.count("capacityBytes"),
    ...(data === undefined ? {} : { data: readData(data) }),
  };
}

function readData(fields: JsonObject): VolumeData {
  const consistency = fields.text("consistency");
  if (!isConsistency(consistency)) throw fields.fault(`there is no consistency "${consistency}"`);
  const group = optional(fields, "group");
  const snapshot = fields.object("snapshot");
  const moverMs = fields.count("moverMs");
  return {
    path: readPath(fields, VOLUMES_FOLDER),
    consistency,
    ...(group === undefined ? {} : { group }),
    time: fields.requiredTime("time").text,
    files: fields.count("files"),
    bytes: fields.count("bytes"),
    ...(moverMs === 0 ? {} : { moverMs }),
    ...(snapshot === undefined ? {} : { snapshot: readSnapshot(snapshot) }),
  };
}

function readSnapshot(fields: JsonObject): LocalSnapshot {
  return {
    driver: fields.requiredText("driver"),
    handle: fields.requiredText("handle"),
    sizeBytes: fields.count("sizeBytes"),
    namespace: fields.requiredText("namespace"),
    name: fields.requiredText("name"),
  };
}

export function readStream(fields: JsonObject): PointStream {
  return {
    namespace: fields.requiredText("namespace"),
    blueprint: fields.requiredText("blueprint"),
    pod: fields.text("pod"),
    path: readPath(fields, STREAMS_FOLDER),
    bytes: fields.count("bytes"),
  };
}

export function readDatabase(fields: JsonObject): PointDatabase {
  const why = optional(fields, "why");
  const quiescedMs = fields.count("quiescedMs");
  return {
    namespace: fields.requiredText("namespace"),
    workload: fields.text("workload"),
    blueprint: fields.requiredText("blueprint"),
    untested: fields.flag("untested"),
    pod: fields.text("pod"),
    claims: fields.texts("claims"),
    ...(quiescedMs === 0 ? {} : { quiescedMs }),
    ...(why === undefined ? {} : { why }),
  };
}

function readPath(fields: JsonObject, folder: string): readonly string[] {
  const path = fields.texts("path");
  if (path.length === 2 && path[0] === folder && path.every((name) => PLAIN_NAME.test(name))) return path;
  throw fields.fault(`"${path.join("/")}" is no place in "${folder}"`);
}

function isMethod(method: string): method is VolumeMethod {
  return METHODS.has(method);
}

function isConsistency(consistency: string): consistency is Consistency {
  return CONSISTENCIES.has(consistency);
}

function optional(fields: JsonObject, name: string): string | undefined {
  const text = fields.text(name);
  return text === "" ? undefined : text;
}
