package publish

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lifecycle"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Publisher publishes layer versions with one set of AWS settings, in any
// region. It is safe for concurrent use: it shares one request budget per
// region, and publishes to one layer one after the other.
type Publisher struct {
	client    *awsClient
	patience  patience
	transfer  transfer
	stagings  stagings
	registers registers

	mu       sync.Mutex
	turns    map[string]chan struct{}
	justMade map[string]time.Time
	// written are the parameters that this Publisher has put, by region and name.
	written map[[2]string]bool
	// account is the caller's own, once an answer has told it.
	account string
	scans   map[string]*scan // of functions, by region
}

// New returns a Publisher. It checks what can be checked without the network
// and makes no AWS call: credentials are looked for at the first use, so that a
// configuration which publishes nothing needs none. A fault of the settings
// is a *ConfigError.
func New(_ context.Context, c Config) (*Publisher, error) {
	client, err := newClient(c)
	if err != nil {
		return nil, err
	}
	return &Publisher{
		client:    client,
		patience:  defaultPatience(c),
		transfer:  defaultTransfer(),
		turns:     map[string]chan struct{}{},
		justMade:  map[string]time.Time{},
		written:   map[[2]string]bool{},
		scans:     map[string]*scan{},
		registers: registers{dir: c.RegisterDir},
	}, nil
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

// registers keeps the lifecycle.Register of each layer: in files below a folder,
// so that every run on a machine sees what the ones before saw, and in memory
// where no folder is named or it cannot be used. It is safe for concurrent use,
// also by other processes.
type registers struct {
	dir string // the cache directory; "" is none

	mu    sync.Mutex
	store *store.Store
	slots map[string]*slot // by layer ARN
}

// use is who has one layer version: how many functions and published versions
// of functions, and the names of the first few.
type use struct {
	count int
	names []string
}

// usage is what a scan of a region found: use by layer ARN and version. It holds
// nothing else of the functions, since an account may have tens of thousands.
type usage struct {
	began  time.Time
	layers map[string]map[int64]*use
}

// scan is a walk over the functions of a region, for all who wait for it.
type scan struct {
	began time.Time
	until time.Time // when it is too old, once it is done
	stop  context.CancelFunc
	// waiting counts those who wait; Publisher.mu guards it.
	waiting int
	// done is closed when found and err are final.
	done  chan struct{}
	found *usage
	err   error
}

// transfer says how zips travel.
type transfer struct {
	direct  int64 // the largest zip that goes into a request, in bytes
	part    int64 // the largest zip that is put in one piece, and the size of pieces, in bytes
	streams int   // how many pieces travel at once
	// poll and longest bound the wait between looks at a signing job, which
	// doubles; signing is how long a job may take.
	poll, longest, signing time.Duration
}

// defaultTransfer makes a zip of the largest size 16 pieces.
func defaultTransfer() transfer {
	return transfer{
		direct: runtimes.MaxDirectUpload, part: 16 << 20, streams: 4,
		poll: time.Second, longest: 10 * time.Second, signing: 10 * time.Minute,
	}
}

// stagings shares staged objects between the publishes of a Publisher: equal
// bytes for several layers travel once, and the last publish removes them. It
// is safe for concurrent use.
type stagings struct {
	mu     sync.Mutex
	places map[string]*stagedPlace
}

// stagedPlace is an object's name in a bucket. Only the holder of its gate may change it.
type stagedPlace struct {
	gate   chan struct{}
	users  int
	object *stagedObject // nil where nothing is staged
}

// stagedObject is an object in the bucket.
type stagedObject struct {
	key string
	// version is the id of its version, "" or "null" in a bucket without.
	version string
	// etag tells its content from another of the same key.
	etag string
	// ours is set where this run put it.
	ours bool
}

// slot is one layer's register, where it is kept in memory, and the right to it
// within this process. Where it is kept in a file, slot has what holds for this run.
type slot struct {
	mu       sync.Mutex
	register lifecycle.Register
}
