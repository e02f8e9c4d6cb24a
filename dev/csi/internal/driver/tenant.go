package driver

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"holdfast.dev/holdfast/dev/csi/internal/pool"
)

// The key of the secret that names a tenant.
const tenantKey = "tenant"

// newTenant records whose secret came with a call, in a form that does not contain it.
func newTenant(secrets map[string]string) (*pool.Tenant, error) {
	tenant := secrets[tenantKey]
	if tenant == "" {
		return nil, status.Errorf(codes.Unauthenticated, "a secret with the key %q is required and did not come with the call", tenantKey)
	}
	salt := rand.Text()
	return &pool.Tenant{Salt: salt, Digest: digest(salt, tenant)}, nil
}

// checkTenant refuses a call with the secret of another tenant, or with none. What is anybody's it lets pass.
func checkTenant(owner *pool.Tenant, secrets map[string]string, what string) error {
	if owner == nil {
		return nil
	}
	tenant := secrets[tenantKey]
	if tenant == "" {
		return status.Errorf(codes.Unauthenticated,
			"%s belongs to a tenant and no secret with the key %q came with the call", what, tenantKey)
	}
	if !hmac.Equal([]byte(digest(owner.Salt, tenant)), []byte(owner.Digest)) {
		return status.Errorf(codes.PermissionDenied, "%s belongs to another tenant than the secret that came with the call", what)
	}
	return nil
}

func digest(salt, tenant string) string {
	mac := hmac.New(sha256.New, []byte(salt))
	mac.Write([]byte(tenant))
	return hex.EncodeToString(mac.Sum(nil))
}
