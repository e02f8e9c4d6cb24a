import assert from "node:assert/strict";
import { test } from "node:test";
import { parseS3Url } from "./url.ts";

test("parseS3Url() gives a bucket of AWS with its defaults", () => {
  assert.deepEqual(parseS3Url("s3://backups/team/a/", {}), {
    url: "s3://backups/team/a",
    bucket: "backups",
    prefix: "team/a/",
    endpoint: "https://s3.us-east-1.amazonaws.com",
    region: "us-east-1",
    pathStyle: false,
  });
  assert.equal(parseS3Url("s3://backups?region=cn-north-1", {}).endpoint, "https://s3.cn-north-1.amazonaws.com.cn");
});

test("parseS3Url() uses path style with a custom endpoint or dots in the bucket, unless told otherwise", () => {
  const custom = parseS3Url("s3://backups/?endpoint=http://127.0.0.1:9000/", {});
  assert.deepEqual([custom.endpoint, custom.pathStyle, custom.prefix], ["http://127.0.0.1:9000", true, ""]);
  assert.equal(parseS3Url("s3://back.ups", {}).pathStyle, true);
  assert.equal(parseS3Url("s3://backups?endpoint=https://host&pathStyle=false", {}).pathStyle, false);
});

test("parseS3Url() takes from the environment what the URL leaves open, the special before the general", () => {
  const environment = { AWS_ENDPOINT_URL: "https://all", AWS_ENDPOINT_URL_S3: "https://s3", AWS_REGION: "r", AWS_DEFAULT_REGION: "d" };
  const { endpoint, region } = parseS3Url("s3://backups", environment);
  assert.deepEqual([endpoint, region], ["https://s3", "r"]);
  assert.equal(parseS3Url("s3://backups?region=own", environment).region, "own");
  assert.equal(parseS3Url("s3://backups", { AWS_ENDPOINT_URL: "https://all", AWS_ENDPOINT_URL_S3: "" }).endpoint, "https://all");
});

test("parseS3Url() gives a URL that reads as the same location without the environment", () => {
  for (const text of [
    "s3://backups/ä b",
    "s3://back.ups",
    "s3://backups?endpoint=http://[::1]:1&pathStyle=false",
    "s3://backups?region=x-1",
  ]) {
    const location = parseS3Url(text, { AWS_REGION: "eu-1" });
    assert.deepEqual(parseS3Url(location.url, {}), location, text);
  }
});

const refusals: readonly (readonly [text: string, message: RegExp, hint?: string])[] = [
  ["https://bucket", /not of the form/],
  ["backups", /not of the form/],
  ["s3://", /"" is not the name of a bucket/],
  ["s3://b", /not the name of a bucket/],
  ["s3://bucket:80/x", /"bucket:80" is not the name/],
  ["s3://backups?path-style=true", /unknown parameter "path-style"/, 'Did you mean "pathStyle"?'],
  ["s3://backups?Regoin=x", /unknown parameter "Regoin"/, 'Did you mean "region"?'],
  ["s3://backups?secret=hidden", /unknown parameter "secret"/, "Parameters are endpoint, region, pathStyle"],
  ["s3://backups?region=a&region=b", /"region" is there twice/],
  ["s3://backups?region=a/b", /"a\/b" is not a region/],
  ["s3://backups?pathStyle=yes", /neither "true" nor "false"/],
  ["s3://backups?endpoint=host:9000", /not an http or https URL/],
  ["s3://backups?endpoint=https://host/path", /more than a host/],
  ["s3://backups/a//b", /name of an object/],
  ["s3://backups/%ff", /two hex digits/],
  ["s3://backups/a#b", /"#"/],
  [`s3://backups/${"x".repeat(121)}`, /more than 120 bytes/],
];
for (const [text, message, hint] of refusals) {
  test(`parseS3Url() refuses ${text}`, () => {
    assert.throws(() => parseS3Url(text, {}), { kind: "usage", message, ...(hint === undefined ? {} : { hint }) });
  });
}

test("parseS3Url() refuses credentials without repeating them", () => {
  for (const text of ["s3://key:hidden@backups", "s3://backups?endpoint=https://key:hidden@host", "s3://backups?secret=hidden"]) {
    assert.throws(
      () => parseS3Url(text, {}),
      (error: Error) => error.name === "DomainError" && !error.message.includes("hidden"),
    );
  }
});
