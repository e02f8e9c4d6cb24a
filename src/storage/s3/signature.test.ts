import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { test } from "node:test";
import { hideSecrets } from "./credentials.ts";
import { encodePath, encodeQuery, signedHeaders } from "./signature.ts";

/** The examples of the Amazon S3 API Reference, "Signature Calculations for the Authorization Header". */
const credentials = hideSecrets({
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
});
const scope = { region: "us-east-1", nowMs: 1_369_353_600_000 };
const host = "examplebucket.s3.amazonaws.com";
const empty = hash("sha256", "");

function authorization(request: Partial<Parameters<typeof signedHeaders>[0]>, by = credentials): string {
  const whole = { method: "GET", path: "/", query: "", payloadHash: empty, ...request, headers: { host, ...request.headers } };
  return signedHeaders(whole, by, scope)["authorization"] ?? "";
}

test("signedHeaders() signs AWS's example of a ranged GET, every part of the header", () => {
  assert.equal(
    authorization({ path: encodePath("/test.txt"), headers: { range: "bytes=0-9" } }),
    "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, " +
      "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, " +
      "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
  );
});

const examples = [
  {
    name: "PUT with a body and a name to encode",
    request: {
      method: "PUT",
      path: encodePath("/test$file.text"),
      headers: { date: "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY" },
      payloadHash: hash("sha256", "Welcome to Amazon S3."),
    },
    signature: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
  },
  {
    name: "GET with a parameter that has no value",
    request: { query: encodeQuery({ lifecycle: "" }) },
    signature: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
  },
  {
    name: "list with two parameters",
    request: { query: encodeQuery({ prefix: "J", "max-keys": "2" }) },
    signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
  },
];
for (const { name, request, signature } of examples) {
  test(`signedHeaders() signs AWS's example of a ${name}`, () => assert.equal(authorization(request).split("Signature=")[1], signature));
}

test("signedHeaders() sends and signs a session token", () => {
  const temporary = hideSecrets({ accessKeyId: "A", secretAccessKey: "s", sessionToken: "token" });
  const headers = signedHeaders({ method: "GET", path: "/", query: "", headers: { host }, payloadHash: empty }, temporary, scope);
  assert.equal(headers["x-amz-security-token"], "token");
  assert.match(headers["authorization"] ?? "", /SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token,/);
});

test("encodePath() and encodeQuery() leave only unreserved characters", () => {
  assert.equal(encodePath("/b/a b!'()*~-._/ü+%"), "/b/a%20b%21%27%28%29%2A~-._/%C3%BC%2B%25");
  assert.equal(encodeQuery({ b: "/ =&", a: "ü", "a-b": "1" }), "a=%C3%BC&a-b=1&b=%2F%20%3D%26");
});
