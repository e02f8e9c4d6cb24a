import assert from "node:assert/strict";
import { test } from "node:test";
import { compileImagePattern, repositoryOf } from "./image-pattern.ts";

test("The repository of an image has neither registry nor tag nor digest", () => {
  const cases = {
    postgres: "postgres",
    "postgres:16-alpine": "postgres",
    "docker.io/library/postgres:16": "postgres",
    "bitnami/postgresql@sha256:0123": "bitnami/postgresql",
    "registry.example:5000/team/postgres:16@sha256:0123": "team/postgres",
    "localhost/postgres": "postgres",
    "ghcr.io/cloudnative-pg/postgresql:16.4": "cloudnative-pg/postgresql",
    "": "",
  };
  for (const [image, repository] of Object.entries(cases)) assert.equal(repositoryOf(image), repository, image);
});

test("A pattern is about the whole repository", () => {
  const fits = (pattern: string, image: string): boolean | undefined => compileImagePattern(pattern)?.(image);
  assert.equal(fits("postgres", "docker.io/library/postgres:16"), true);
  assert.equal(fits("postgres", "team/postgres"), false);
  assert.equal(fits("*/postgres", "mirror.example/a/b/postgres:16"), true);
  assert.equal(fits("*/postgres", "mirror.example/a/postgres-exporter:16"), false);
  assert.equal(fits("*/spilo-*", "ghcr.io/zalando/spilo-17:4"), true);
  for (const pattern of ["a:1", "docker.io/a", "library/a", "a@sha256:1", "", "A"])
    assert.equal(compileImagePattern(pattern), undefined, pattern);
});
