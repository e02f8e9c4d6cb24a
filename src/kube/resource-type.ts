/** One kind of object as the API server serves it, and where its objects are. */

export interface ResourceType {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  /** Whether it is the version that the server prefers for this resource. */
  readonly isPreferred: boolean;
  readonly kind: string;
  /** The name in paths and rules: `deployments`. */
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly isNamespaced: boolean;
  readonly verbs: readonly string[];
  /** Verbs by name: `status`, `scale`, `exec` … */
  readonly subresources: ReadonlyMap<string, readonly string[]>;
}

/** As much of it as paths need. */
export type ResourcePath = Pick<ResourceType, "group" | "version" | "plural">;

/** The object, or without a name all objects of the namespace, or without a namespace of the cluster. */
export interface Place {
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly subresource?: string | undefined;
}

export function apiVersionOf({ group, version }: Pick<ResourceType, "group" | "version">): string {
  return group === "" ? version : `${group}/${version}`;
}

/** `deployments.apps`: how people and roles name it, without its version. */
export function nameOf({ plural, group }: Pick<ResourceType, "group" | "plural">): string {
  return group === "" ? plural : `${plural}.${group}`;
}

export function pathOf(resource: ResourcePath, { namespace, name, subresource }: Place): string {
  const root = resource.group === "" ? "/api" : `/apis/${encodeURIComponent(resource.group)}`;
  const parts = [
    resource.version,
    ...(namespace === undefined ? [] : ["namespaces", namespace]),
    resource.plural,
    ...(name === undefined ? [] : [name]),
    ...(subresource === undefined ? [] : [subresource]),
  ];
  return [root, ...parts.map(encodeURIComponent)].join("/");
}

/** For messages: `deployments.apps "a" in namespace "b"`. */
export function describe(resource: ResourcePath, { namespace, name, subresource }: Place): string {
  const what = `${nameOf(resource)}${subresource === undefined ? "" : `/${subresource}`}${name === undefined ? "" : ` "${name}"`}`;
  return namespace === undefined ? what : `${what} in namespace "${namespace}"`;
}
