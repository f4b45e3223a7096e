package awsclient

import (
	"context"
	"net/url"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/secret"
)

const (
	// renewalTime bounds how long a source of credentials may take.
	renewalTime = time.Minute
	// renewalAge is for how long calls that went out with older credentials
	// are taken to fail because of these.
	renewalAge = 30 * time.Second
)

// keyring hands out the credentials of a session. It remembers all of them, so
// that no error text shows one, and renews them when AWS says that they have
// expired before their time. It is safe for concurrent use.
type keyring struct {
	source aws.CredentialsProvider
	hidden *secret.Keeper // what no text may show

	renewal sync.Mutex
	renewed time.Time
}

// Retrieve returns the current credentials.
func (k *keyring) Retrieve(ctx context.Context) (aws.Credentials, error) {
	credentials, err := k.source.Retrieve(ctx)
	if err != nil {
		return credentials, err
	}
	for _, text := range []string{credentials.AccessKeyID, credentials.SecretAccessKey, credentials.SessionToken} {
		k.hidden.Learn("", text)
	}
	return credentials, nil
}

// renew asks the source for other credentials, and reports whether there are
// some. Those of the settings or of the environment never change.
func (k *keyring) renew() bool {
	cache, ok := k.source.(interface{ Invalidate() })
	if !ok {
		return false
	}
	k.renewal.Lock()
	defer k.renewal.Unlock()
	if time.Since(k.renewed) < renewalAge {
		return true
	}
	ctx, cancel := context.WithTimeout(context.Background(), renewalTime)
	defer cancel()
	before, err := k.source.Retrieve(ctx)
	if err != nil {
		return false
	}
	cache.Invalidate()
	after, err := k.Retrieve(ctx)
	if err != nil || after.AccessKeyID == before.AccessKeyID && after.SessionToken == before.SessionToken {
		return false
	}
	k.renewed = time.Now()
	return true
}

// Renew asks for other credentials, and reports whether there are some.
func (s *Session) Renew() bool { return s.keys.renew() }

// hide makes known what the settings themselves hold.
func (c Config) hide(hidden *secret.Keeper) {
	texts := []string{c.AccessKey, c.SecretKey, c.Token}
	if c.AssumeRoleWithWebIdentity != nil {
		texts = append(texts, c.AssumeRoleWithWebIdentity.WebIdentityToken)
	}
	for _, proxy := range []*string{c.HTTPProxy, c.HTTPSProxy} {
		if u, err := url.Parse(aws.ToString(proxy)); err == nil && u.User != nil {
			password, _ := u.User.Password()
			texts = append(texts, u.User.Username(), password)
		}
	}
	for _, text := range texts {
		hidden.Learn("", text)
	}
}
