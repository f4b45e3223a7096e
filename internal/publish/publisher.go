package publish

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lifecycle"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/awsclient"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/functions"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/parameter"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/s3cache"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/signing"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/upload"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// The settings of AWS, and what calls may end with.
type (
	// Config holds the AWS settings, as in the provider block of hashicorp/aws.
	Config = awsclient.Config
	// Endpoints replaces the URLs of services.
	Endpoints = awsclient.Endpoints
	// AssumeRole is one step of a chain of roles.
	AssumeRole = awsclient.AssumeRole
	// AssumeRoleWithWebIdentity is a role taken with an OIDC token.
	AssumeRoleWithWebIdentity = awsclient.AssumeRoleWithWebIdentity
	// Caller is whom the credentials act for.
	Caller = awsclient.Caller
	// ConfigError tells what keeps the AWS settings from working.
	ConfigError = awsclient.ConfigError
	// LimitError tells that a value of a request is outside what AWS takes.
	LimitError = awsclient.LimitError
	// AccessDeniedError tells that the credentials lack a permission.
	AccessDeniedError = awsclient.AccessDeniedError
	// CredentialsError tells that AWS does not accept the credentials at all.
	CredentialsError = awsclient.CredentialsError
	// QuotaError tells that the account is at a quota.
	QuotaError = awsclient.QuotaError
	// DigestError tells that a zip does not hold the bytes it was announced with.
	DigestError = upload.DigestError
)

// What Cache, Functions and Parameters return, and take.
type (
	// Cache is a store.Remote in an S3 bucket.
	Cache = s3cache.Cache
	// CacheConfig names the place of a Cache.
	CacheConfig = s3cache.Config
	// Functions are the functions of the caller's account in one region, as a
	// roll-out works with them.
	Functions = functions.Region
	// Use is who uses a layer version.
	Use = functions.Use
	// Parameter is a parameter of the type String.
	Parameter = parameter.Parameter
	// ParameterExistsError tells that there is a parameter of the name already,
	// which was not to be overwritten.
	ParameterExistsError = parameter.ExistsError
)

// ErrNotFound tells that a layer version is not there, or not any more.
var ErrNotFound = awsclient.ErrNotFound

// Publisher publishes layer versions with one set of AWS settings, in any
// region. It is safe for concurrent use: it shares one request budget per
// region, and publishes to one layer one after the other.
type Publisher struct {
	// Parameters are those of the parameter store in any region.
	Parameters *parameter.Store

	client    *awsclient.Client
	patience  awsclient.Patience
	transfer  transfer
	stagings  upload.Stagings
	registers registers

	turns    sync.Map // of chan struct{}, by region and layer
	justMade sync.Map // of time.Time, by ARN
	// account is the caller's own, once an answer has told it.
	account atomic.Pointer[string]
	scans   functions.Scans // of functions
}

// New returns a Publisher. It checks what can be checked without the network
// and makes no AWS call: credentials are looked for at the first use, so that a
// configuration which publishes nothing needs none. A fault of the settings
// is a *ConfigError.
func New(_ context.Context, c awsclient.Config) (*Publisher, error) {
	client, err := awsclient.New(c)
	if err != nil {
		return nil, err
	}
	return &Publisher{
		Parameters: parameter.New(client),
		client:     client,
		patience:   awsclient.DefaultPatience(c),
		transfer:   defaultTransfer(),
		registers:  registers{dir: c.RegisterDir},
	}, nil
}

// Cache returns the cache in a bucket. Nothing is asked yet.
func (p *Publisher) Cache(c CacheConfig) *Cache { return s3cache.New(p.client, c) }

// turn waits until no other Publish works on the key, and returns the function
// that ends the caller's own turn.
func (p *Publisher) turn(ctx context.Context, key string) (func(), error) {
	kept, _ := p.turns.LoadOrStore(key, make(chan struct{}, 1))
	gate, _ := kept.(chan struct{})
	select {
	case gate <- struct{}{}:
		return func() { <-gate }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for another publish to the same layer: %w", ctx.Err())
	}
}

func (p *Publisher) remember(arn string) {
	p.justMade.Store(arn, time.Now())
	if a, err := ParseARN(arn); err == nil {
		p.account.Store(&a.AccountID)
	}
}

// registers keeps the lifecycle.Register of each layer: in files below a folder,
// so that every run on a machine sees what the ones before saw, and in memory
// where no folder is named or it cannot be used. It is safe for concurrent use,
// also by other processes.
type registers struct {
	dir   string // the cache directory; "" is none
	once  sync.Once
	store *store.Store // nil on a machine without a usable cache
	slots sync.Map     // of *slot, by layer ARN
}

// transfer says how zips travel.
type transfer struct {
	direct   int64 // the largest zip that goes into a request, in bytes
	sections upload.Sections
	signing  signing.Times
}

// defaultTransfer makes a zip of the largest size 16 pieces.
func defaultTransfer() transfer {
	return transfer{
		direct: runtimes.MaxDirectUpload, sections: upload.Sections{Size: 16 << 20, Streams: 4, Wait: time.Second},
		signing: signing.Times{Poll: time.Second, Longest: 10 * time.Second, Limit: 10 * time.Minute},
	}
}

// slot is one layer's register, where it is kept in memory, and the right to it
// within this process. Where it is kept in a file, slot has what holds for this run.
type slot struct {
	mu       sync.Mutex
	register lifecycle.Register
}
