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
	config    Config
	patience  patience
	transfer  transfer
	stagings  stagings
	registers registers

	mu       sync.Mutex
	session  *session
	paces    map[string]*pace
	turns    map[string]chan struct{}
	justMade map[string]time.Time
	// written are the parameters that this Publisher has put, by region and name.
	written map[[2]string]bool
	// account is the caller's own, once an answer has told it.
	account string
	// asking guards caller, which is what STS has said.
	asking sync.Mutex
	caller Caller
	scans  map[string]*scan // of functions, by region
}

// Request asks for one layer version.
type Request struct {
	// Region is where to publish; "" means the provider's own.
	Region string
	// LayerARN is that of the layer without a version, where the caller knows
	// it: a version that turns out to be another account's is refused. "" is
	// any.
	LayerARN string
	// Holder names the resource in the layer's register; see Register. "" is
	// not registered. Creating is set where no state has the resource yet.
	Holder   string
	Creating bool
	// LayerName, Description and LicenseInfo are written as AWS takes them;
	// see CheckName, CheckDescription and CheckLicenseInfo.
	LayerName, Description, LicenseInfo string
	// Runtimes and Architectures are what the version declares itself
	// compatible with. Their order carries no meaning.
	Runtimes, Architectures []string
	// Zip is the layer's archive.
	Zip Zip
	// Staging is where the zip is put before it is published, if it is too
	// large for a request, stays there for good, or is to be signed; nil means
	// that it travels in the request, which has a limit.
	Staging *Staging
	// Signing has the zip signed first; it needs Staging. nil does not.
	Signing *Signing
	// Warn, if set, gets sentences about what did not go as it should and did
	// not keep the version from being published. It is called by the goroutine
	// of Publish.
	Warn func(string)
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
	// UnsignedSHA256 is the base64 SHA-256 of the zip before it was signed. It
	// is CodeSHA256 where the version is not signed, and "" where Read found a
	// signed one; see Unsigned.
	UnsignedSHA256 string
	// SigningJobARN and SigningProfileVersionARN tell who signed the zip; ""
	// where nobody did.
	SigningJobARN, SigningProfileVersionARN string
	// Double is the ARN of a version with the same bytes and metadata that a
	// lost answer left, and that this call could not remove; "" as a rule.
	// Only Publish sets it.
	Double string
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
		config:    c,
		patience:  defaultPatience(c.maxAttempts()),
		transfer:  defaultTransfer(),
		paces:     map[string]*pace{},
		turns:     map[string]chan struct{}{},
		justMade:  map[string]time.Time{},
		written:   map[[2]string]bool{},
		scans:     map[string]*scan{},
		registers: registers{dir: c.RegisterDir},
	}, nil
}

// Publish makes sure that the layer has a version with the request's bytes and
// metadata, and returns it. It reports true when that version was there before
// the call, or another run made it meanwhile: another resource may point at it.
// One that a run of this machine was publishing when it was cut is the caller's
// own. A version that comes with an error is there
// and belongs to this call; most errors come with none.
//
// Typed errors: *LimitError, *TooLargeError, *DigestError (the zip is not what
// it was said to be), *AlteredError (AWS keeps other bytes), *UncertainError
// (an answer was lost and could not be found again), *AccessDeniedError,
// *QuotaError, *CredentialsError, *ConfigError, *SigningError,
// *ForeignAccountError.
func (p *Publisher) Publish(ctx context.Context, r Request) (Version, bool, error) {
	if err := r.check(); err != nil {
		return Version{}, false, err
	}
	s, region, err := p.reach(ctx, r.Region)
	if err != nil {
		return Version{}, false, err
	}
	done, err := p.turn(ctx, region+"/"+r.LayerName)
	if err != nil {
		return Version{}, false, err
	}
	defer done()
	r.Staging = r.Staging.in(region)
	j := &job{
		request: r, region: region, api: s.lambda(p, region),
		s3: func() objects { return s.s3(region) }, signer: func() jobs { return s.signer(region) },
		stagings: &p.stagings, transfer: p.transfer,
		patience: p.patience, explain: s.explain, renew: s.keys.renew,
		intend: func(above int64) error { return p.intend(ctx, r, region, above) },
	}
	v, found, err := j.run(ctx)
	if err != nil {
		return v, found, fmt.Errorf("publishing layer %q in %s: %w", r.LayerName, region, err)
	}
	if err := p.refuseForeign(ctx, r, v, found); err != nil {
		return Version{}, false, fmt.Errorf("publishing layer %q in %s: %w", r.LayerName, region, err)
	}
	own, err := p.point(ctx, r, v, found)
	if err != nil {
		return v, found, fmt.Errorf("publishing layer %q in %s: %w", r.LayerName, region, err)
	}
	p.remember(v.ARN)
	v.UnsignedSHA256 = r.Zip.SHA256.Base64()
	return v, !own, nil
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
	if a, err := ParseARN(arn); err == nil {
		p.account = a.AccountID
	}
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
