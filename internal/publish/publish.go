// Package publish puts layer versions into AWS Lambda, reads them, removes them
// and finds who uses them. It is the only room that speaks to AWS.
//
// A publish happens once. AWS makes a new version of every PublishLayerVersion
// call and offers no client token, so Publish looks before the first call and
// after every call whose outcome is not known, and takes what it finds.
package publish

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Publisher publishes layer versions with one set of AWS settings, in any
// region. It is safe for concurrent use: it shares one request budget per
// region, and publishes to one layer one after the other.
type Publisher struct {
	config   Config
	patience patience

	mu       sync.Mutex
	session  *session
	paces    map[string]*pace
	turns    map[string]chan struct{}
	justMade map[string]time.Time
}

// Request asks for one layer version.
type Request struct {
	// Region is where to publish; "" means the provider's own.
	Region string
	// LayerName, Description and LicenseInfo are written as AWS takes them;
	// see CheckName, CheckDescription and CheckLicenseInfo.
	LayerName, Description, LicenseInfo string
	// Runtimes and Architectures are what the version declares itself
	// compatible with. Their order carries no meaning.
	Runtimes, Architectures []string
	// Zip is the layer's archive.
	Zip Zip
	// Staging is where the zip is put before it is published; nil means that
	// it travels in the request itself, which has a limit.
	Staging *Staging
}

// Zip is an archive whose bytes are known in advance.
type Zip struct {
	// Open returns a new reader at the start of the archive; it is called
	// again for every pass over the bytes.
	Open func() (Reader, error)
	// SHA256 is the digest of the bytes. Nothing with another digest is
	// published.
	SHA256 store.Digest
	// Size is in bytes.
	Size int64
}

// Staging is a place in S3, in the region of the layer.
type Staging struct {
	// Bucket is the bucket's name; Prefix precedes the object's name, which
	// is the zip's digest, and is used as it is: write "layers/" for a folder.
	Bucket, Prefix string
	// KMSKeyID encrypts the object under a KMS key; "" leaves encryption to
	// the bucket.
	KMSKeyID string
	// StorageMode is "COPY", "REFERENCE" or "", which is COPY. With
	// REFERENCE Lambda reads the object itself for as long as the version
	// lives; the bucket must then be versioned.
	StorageMode string
}

// Version is a published layer version, as AWS describes it.
type Version struct {
	// ARN names the version, LayerARN the layer without a version.
	ARN, LayerARN string
	// Number counts the versions of a layer in a region, from 1, never reused.
	Number int64
	// CreatedDate is in the form of AWS: "2006-01-02T15:04:05.000+0000".
	CreatedDate string
	// CodeSHA256 is the base64 SHA-256 of the zip that AWS keeps.
	CodeSHA256 string
	// CodeSize is the size of the zip in bytes.
	CodeSize int64
	// Description and LicenseInfo are "" where the version has none.
	Description, LicenseInfo string
	// Runtimes and Architectures are in the order AWS gives them.
	Runtimes, Architectures []string
}

// New returns a Publisher. It checks what can be checked without the network
// and makes no AWS call: credentials are looked for at the first use, so that a
// configuration which publishes nothing needs none. A fault of the settings
// is a *ConfigError.
func New(_ context.Context, c Config) (*Publisher, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	return &Publisher{
		config:   c,
		patience: defaultPatience(c.maxAttempts()),
		paces:    map[string]*pace{},
		turns:    map[string]chan struct{}{},
		justMade: map[string]time.Time{},
	}, nil
}

// Publish makes sure that the layer has a version with the request's bytes and
// metadata, and returns it. It reports true when that version was there before
// the call, as after an interrupted run; then nothing is published.
//
// Typed errors: *LimitError, *TooLargeError, *DigestError (the zip is not what
// it was said to be), *AlteredError (AWS keeps other bytes), *UncertainError
// (an answer was lost and could not be found again), *AccessDeniedError,
// *QuotaError, *CredentialsError, *ConfigError.
func (p *Publisher) Publish(ctx context.Context, r Request) (Version, bool, error) {
	if err := r.check(); err != nil {
		return Version{}, false, err
	}
	s, err := p.connect(ctx, r.Region)
	if err != nil {
		return Version{}, false, err
	}
	region, err := s.region(r.Region)
	if err != nil {
		return Version{}, false, err
	}
	done, err := p.turn(ctx, region+"/"+r.LayerName)
	if err != nil {
		return Version{}, false, err
	}
	defer done()
	j := &job{
		request: r, api: s.lambda(p, region), s3: func() objects { return s.s3(region) },
		patience: p.patience, explain: s.explain,
	}
	v, found, err := j.run(ctx)
	if err != nil {
		return v, false, fmt.Errorf("publishing layer %q in %s: %w", r.LayerName, region, err)
	}
	p.remember(v.ARN)
	return v, found, nil
}

// turn waits until no other Publish works on the key, and returns the function
// that ends the caller's own turn.
func (p *Publisher) turn(ctx context.Context, key string) (func(), error) {
	p.mu.Lock()
	gate, ok := p.turns[key]
	if !ok {
		gate = make(chan struct{}, 1)
		p.turns[key] = gate
	}
	p.mu.Unlock()
	select {
	case gate <- struct{}{}:
		return func() { <-gate }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for another publish to the same layer: %w", ctx.Err())
	}
}

func (p *Publisher) remember(arn string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.justMade[arn] = time.Now()
}

// sameMetadata reports whether a listed version declares what the request asks.
func (r Request) sameMetadata(item types.LayerVersionsListItem) bool {
	return aws.ToString(item.Description) == r.Description &&
		aws.ToString(item.LicenseInfo) == r.LicenseInfo &&
		sameSet(names(item.CompatibleRuntimes), r.Runtimes) &&
		sameSet(names(item.CompatibleArchitectures), r.Architectures)
}

func sameSet(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(slices.Compact(a), slices.Compact(b))
}

// names returns AWS's enumeration values as plain strings.
func names[T ~string](values []T) []string {
	plain := make([]string, len(values))
	for i, v := range values {
		plain[i] = string(v)
	}
	return plain
}

// values is the inverse of names; nil stays nil, so that nothing is sent.
func values[T ~string](plain []string) []T {
	var typed []T
	for _, s := range plain {
		typed = append(typed, T(s))
	}
	return typed
}
