/** `autoscaling/v2beta1`: targets were fields of their own in each kind of metric. */
import { isJsonObject, type JsonObject, type JsonValue, textIn } from "../../../kube/json.ts";
import { at, changeIn } from "../edit.ts";

export function autoscalerOfFirstBeta(object: JsonObject): JsonObject {
  return changeIn(object, at("spec.metrics[]"), metricOf);
}

function metricOf(metric: JsonValue): JsonValue {
  const type = textIn(metric, "type");
  if (!isJsonObject(metric) || type === undefined) return metric;
  const field = `${type.slice(0, 1).toLowerCase()}${type.slice(1)}`;
  return changeIn(metric, [field], (source) => (isJsonObject(source) ? sourceOf(field, source) : source));
}

function sourceOf(field: string, source: JsonObject): JsonObject {
  const {
    targetAverageUtilization,
    targetAverageValue,
    targetValue,
    averageValue,
    metricName,
    metricSelector,
    selector = metricSelector,
    target: describedObject,
    ...rest
  } = source;
  const average = averageValue ?? targetAverageValue;
  const target = {
    ...(targetAverageUtilization === undefined ? {} : { type: "Utilization", averageUtilization: targetAverageUtilization }),
    ...(targetValue === undefined ? {} : { type: "Value", value: targetValue }),
    ...(average === undefined ? {} : { type: "AverageValue", averageValue: average }),
  };
  const metric = metricName === undefined ? {} : { metric: { name: metricName, ...(selector === undefined ? {} : { selector }) } };
  return { ...rest, ...metric, ...(field === "object" && describedObject !== undefined ? { describedObject } : {}), target };
}
