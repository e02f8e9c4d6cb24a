/** What the system, OpenSSL or undici calls a fault of a request that got no whole answer. */

/** "" if nobody named it. */
export function faultCodeOf(cause: unknown): string {
  if (!(cause instanceof Error)) return "";
  // One fault for each address that was tried.
  if (cause instanceof AggregateError) return faultCodeOf(cause.errors[0]);
  const code = (cause as NodeJS.ErrnoException).code ?? "";
  // A closed socket is the wrapper; what the system said of it is its cause.
  return code === "" || code === "UND_ERR_SOCKET" ? faultCodeOf(cause.cause) || code : code;
}

/** Of OpenSSL's verification, as Node names them. */
const CERTIFICATE = /CERT|UNABLE_TO_VERIFY/;

export function isCertificateFault(code: string): boolean {
  return CERTIFICATE.test(code);
}
