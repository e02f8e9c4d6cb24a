/** A swap in a process of its own, which may be told to die in the middle: SETTING as JSON. */
import { systemClock } from "../../src/base/clock.ts";
import { KubeApi } from "../../src/kube/kube-api.ts";
import { loadAccess } from "../../src/kube/kubeconfig/load.ts";
import { openLocationOf, type SwapSetting, swapAs } from "./swap-world.ts";

const setting = JSON.parse(process.argv[2] ?? "") as SwapSetting;
const { signal } = new AbortController();
const access = await loadAccess({ environment: { KUBECONFIG: setting.kubeconfig }, signal });
await using api = new KubeApi(access, { clock: systemClock, environment: {}, userAgent: "holdfast-test" });
await swapAs(api, await openLocationOf(setting), setting, {}, signal);
