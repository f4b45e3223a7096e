package functions

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/awsclient"
)

const (
	// reuse is for how long one scan of a region serves all who ask, and
	// reuseShare how many times as long as it took: a function may come by a
	// layer version after it, but a large account cannot be scanned often.
	reuse      = time.Minute
	reuseShare = 3
	// shownUsers is how many users of a layer version are kept by name.
	shownUsers = 20
	// functionsPage is the most entries that AWS lists at once.
	functionsPage = 50
)

// Describe lists the users for a reader.
func (u *Use) Describe() []string {
	list := slices.Clone(u.Names)
	if more := u.Count - len(list); more > 0 {
		list = append(list, fmt.Sprintf("and %d more", more))
	}
	return list
}

// Usage returns what a scan of the region found that began at since or later.
// It joins a scan that is under way, and takes one that is not old.
func (p *Scans) Usage(ctx context.Context, s *awsclient.Session, region string, since time.Time) (*Usage, error) {
	current := p.join(ctx, s, region, since)
	defer p.leave(region, current)
	select {
	case <-current.done:
		return current.found, current.err
	case <-ctx.Done():
		return nil, fmt.Errorf("listing the functions of %s: %w", region, ctx.Err())
	}
}

// join returns the region's scan, and starts one where there is none that
// serves.
func (p *Scans) join(ctx context.Context, s *awsclient.Session, region string, since time.Time) *scan {
	api := s.Lambda(region)
	p.mu.Lock()
	defer p.mu.Unlock()
	current := p.by[region]
	if current != nil && !current.began.Before(since) && (current.running() || time.Now().Before(current.until)) {
		current.waiting++
		return current
	}
	// The scan outlives the caller that started it if others wait for it.
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	current = &scan{began: time.Now(), stop: stop, waiting: 1, done: make(chan struct{})}
	if p.by == nil {
		p.by = map[string]*scan{}
	}
	p.by[region] = current
	go func() {
		defer stop()
		found, err := scanFunctions(ctx, api)
		p.mu.Lock()
		defer p.mu.Unlock()
		if err != nil {
			current.err = fmt.Errorf("listing the functions of %s: %w", region, s.Explain(err))
			p.drop(region, current)
		} else {
			found.Began = current.began
			current.found = found
			current.until = time.Now().Add(reuse + reuseShare*time.Since(current.began))
		}
		close(current.done)
	}()
	return current
}

func (c *scan) running() bool {
	select {
	case <-c.done:
		return false
	default:
		return true
	}
}

// leave ends a scan that nobody waits for any more.
func (p *Scans) leave(region string, c *scan) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.waiting--; c.waiting == 0 && c.running() {
		c.stop()
		p.drop(region, c)
	}
}

// drop forgets a scan that serves nobody. p.mu is held.
func (p *Scans) drop(region string, c *scan) {
	if p.by[region] == c {
		delete(p.by, region)
	}
}

// scanFunctions walks over all functions and their published versions.
func scanFunctions(ctx context.Context, api *lambda.Client) (*Usage, error) {
	found := &Usage{Layers: map[string]map[int64]*Use{}}
	for function, err := range all(ctx, api, types.FunctionVersionAll) {
		if err != nil {
			return nil, err
		}
		found.note(function)
		if part := strings.Split(aws.ToString(function.FunctionArn), ":"); len(part) > 4 {
			found.Account = part[4]
		}
	}
	for _, versions := range found.Layers {
		for _, u := range versions {
			slices.Sort(u.Names)
		}
	}
	return found, nil
}

// all yields the functions of a region, or of each function all versions as well.
// An error is the last that it yields.
func all(ctx context.Context, api *lambda.Client, versions types.FunctionVersion) iter.Seq2[types.FunctionConfiguration, error] {
	return func(yield func(types.FunctionConfiguration, error) bool) {
		in := &lambda.ListFunctionsInput{FunctionVersion: versions, MaxItems: aws.Int32(functionsPage)}
		for {
			page, err := api.ListFunctions(ctx, in)
			if err == nil && in.Marker != nil && aws.ToString(page.NextMarker) == *in.Marker {
				err = errors.New("the list of functions does not go on: AWS names the same page again")
			}
			if err != nil {
				yield(types.FunctionConfiguration{}, err)
				return
			}
			for _, function := range page.Functions {
				if !yield(function, nil) {
					return
				}
			}
			if in.Marker = page.NextMarker; aws.ToString(in.Marker) == "" {
				return
			}
		}
	}
}

// note adds the layers of one entry of the list.
func (u *Usage) note(function types.FunctionConfiguration) {
	if len(function.Layers) == 0 {
		return
	}
	name := qualified(function.FunctionName, function.Version)
	for _, layer := range function.Layers {
		of, number, ok := splitVersion(aws.ToString(layer.Arn))
		if !ok {
			continue // no layer version: nothing that is ever deleted
		}
		versions := u.Layers[of]
		if versions == nil {
			versions = map[int64]*Use{}
			u.Layers[of] = versions
		}
		if versions[number] == nil {
			versions[number] = &Use{}
		}
		by := versions[number]
		by.Count++
		if len(by.Names) < shownUsers {
			by.Names = append(by.Names, name)
		}
	}
}

// qualified names a function, and its version if it is a published one.
func qualified(name, version *string) string {
	if v := aws.ToString(version); v != "" && v != "$LATEST" {
		return aws.ToString(name) + ":" + v
	}
	return aws.ToString(name)
}

// splitVersion returns the ARN of a layer and the number of its version.
func splitVersion(arn string) (layerARN string, number int64, ok bool) {
	at := strings.LastIndexByte(arn, ':')
	number, err := strconv.ParseInt(arn[at+1:], 10, 64)
	return arn[:max(at, 0)], number, at >= 0 && err == nil
}

// Use is who uses a layer version.
type Use struct {
	// Count is how many functions and published versions of functions there
	// are.
	Count int
	// Names are those of the first twenty that AWS lists, sorted: "resize" for a
	// function itself, "resize:3" for its published version 3.
	Names []string
}

// Usage is what a scan of a region found: use by layer ARN and version. It holds
// nothing else of the functions, since an account may have tens of thousands.
type Usage struct {
	Began   time.Time
	Account string // the functions', "" where there is none
	Layers  map[string]map[int64]*Use
}

// Scans are the walks over the functions of each region. It is safe for
// concurrent use.
type Scans struct {
	mu sync.Mutex
	by map[string]*scan
}

// scan is a walk over the functions of a region, for all who wait for it.
type scan struct {
	began time.Time
	until time.Time // when it is too old, once it is done
	stop  context.CancelFunc
	// waiting counts those who wait; scans.mu guards it.
	waiting int
	// done is closed when found and err are final.
	done  chan struct{}
	found *Usage
	err   error
}
