/** Why tests that need a cluster cannot run here, or false when they can; for the `skip` option of a test. */
export const SKIP_WITHOUT_CLUSTER: string | false =
  process.platform !== "linux"
    ? "needs Linux: a cluster runs in namespaces"
    : process.getuid?.() !== 0
      ? "needs root: a cluster runs in namespaces with mounts and network links of its own"
      : false;
