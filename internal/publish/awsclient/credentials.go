package awsclient

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
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

	mu   sync.Mutex
	seen secrets

	renewal sync.Mutex
	renewed time.Time
}

// Retrieve returns the current credentials.
func (k *keyring) Retrieve(ctx context.Context) (aws.Credentials, error) {
	credentials, err := k.source.Retrieve(ctx)
	if err != nil {
		return credentials, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, value := range []string{credentials.AccessKeyID, credentials.SecretAccessKey, credentials.SessionToken} {
		if !slices.Contains(k.seen, value) {
			k.seen = k.seen.with(value)
		}
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

// secrets returns every credential that was handed out so far.
func (k *keyring) secrets() secrets {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.seen)
}
