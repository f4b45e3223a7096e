package publish

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
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

// Users returns, for every version of a layer that a function of the account
// and region uses, the sorted names of its users: "resize" for the function
// itself, "resize:3" for its published version 3. Aliases point to published
// versions, so these stand for them. Of more than twenty users the first that
// AWS lists are named, and the last element tells how many more there are.
// region "" is the provider's own.
//
// All calls for a region share one scan, for a minute and three times as long as
// it took.
func (p *Publisher) Users(ctx context.Context, region, layerARN string) (map[int64][]string, error) {
	return p.usersSince(ctx, region, layerARN, time.Time{})
}

// usersSince is Users by a scan that began at since or later.
func (p *Publisher) usersSince(ctx context.Context, region, layerARN string, since time.Time) (map[int64][]string, error) {
	found, err := p.usage(ctx, region, since)
	if err != nil {
		return nil, fmt.Errorf("finding who uses %s: %w", layerARN, err)
	}
	users := map[int64][]string{}
	for number, u := range found.layers[layerARN] {
		users[number] = u.describe()
	}
	return users, nil
}

// describe lists the users for a reader.
func (u *use) describe() []string {
	list := slices.Sorted(slices.Values(u.names))
	if more := u.count - len(list); more > 0 {
		list = append(list, fmt.Sprintf("and %d more", more))
	}
	return list
}

// usage returns what a scan of the region found that began at since or later.
// It joins a scan that is under way, and takes one that is not old.
func (p *Publisher) usage(ctx context.Context, region string, since time.Time) (*usage, error) {
	s, region, err := p.client.reach(ctx, region)
	if err != nil {
		return nil, err
	}
	current := p.joinScan(ctx, s, region, since)
	defer p.leaveScan(region, current)
	select {
	case <-current.done:
		return current.found, current.err
	case <-ctx.Done():
		return nil, fmt.Errorf("listing the functions of %s: %w", region, ctx.Err())
	}
}

// joinScan returns the region's scan, and starts one where there is none that
// serves.
func (p *Publisher) joinScan(ctx context.Context, s *session, region string, since time.Time) *scan {
	api := s.lambda(region)
	p.mu.Lock()
	defer p.mu.Unlock()
	current := p.scans[region]
	if current != nil && !current.began.Before(since) && (current.running() || time.Now().Before(current.until)) {
		current.waiting++
		return current
	}
	// The scan outlives the caller that started it if others wait for it.
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	current = &scan{began: time.Now(), stop: stop, waiting: 1, done: make(chan struct{})}
	p.scans[region] = current
	go func() {
		defer stop()
		found, account, err := scanFunctions(ctx, api)
		p.mu.Lock()
		defer p.mu.Unlock()
		if err != nil {
			current.err = fmt.Errorf("listing the functions of %s: %w", region, s.explain(err))
			p.dropScan(region, current)
		} else {
			found.began = current.began
			current.found = found
			current.until = time.Now().Add(reuse + reuseShare*time.Since(current.began))
			p.account = cmp.Or(p.account, account)
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

// leaveScan ends a scan that nobody waits for any more.
func (p *Publisher) leaveScan(region string, c *scan) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.waiting--; c.waiting == 0 && c.running() {
		c.stop()
		p.dropScan(region, c)
	}
}

// dropScan forgets a scan that serves nobody. p.mu is held.
func (p *Publisher) dropScan(region string, c *scan) {
	if p.scans[region] == c {
		delete(p.scans, region)
	}
}

// scanFunctions walks over all functions and their published versions. It also
// returns the account that they are of, "" where there is none.
func scanFunctions(ctx context.Context, api *lambda.Client) (found *usage, account string, err error) {
	found = &usage{layers: map[string]map[int64]*use{}}
	in := &lambda.ListFunctionsInput{FunctionVersion: types.FunctionVersionAll, MaxItems: aws.Int32(functionsPage)}
	for {
		page, err := api.ListFunctions(ctx, in)
		if err != nil {
			return nil, "", err
		}
		for _, function := range page.Functions {
			found.note(function)
			if part := strings.Split(aws.ToString(function.FunctionArn), ":"); len(part) > 4 {
				account = part[4]
			}
		}
		next := aws.ToString(page.NextMarker)
		if next == "" {
			return found, account, nil
		}
		if next == aws.ToString(in.Marker) {
			return nil, "", errors.New("the list of functions does not go on: AWS names the same page again")
		}
		in.Marker = &next
	}
}

// note adds the layers of one entry of the list.
func (u *usage) note(function types.FunctionConfiguration) {
	if len(function.Layers) == 0 {
		return
	}
	name := qualified(function.FunctionName, function.Version)
	for _, layer := range function.Layers {
		arn := aws.ToString(layer.Arn)
		at := strings.LastIndexByte(arn, ':')
		number, err := strconv.ParseInt(arn[at+1:], 10, 64)
		if at < 0 || err != nil {
			continue // no layer version: nothing that is ever deleted
		}
		versions := u.layers[arn[:at]]
		if versions == nil {
			versions = map[int64]*use{}
			u.layers[arn[:at]] = versions
		}
		if versions[number] == nil {
			versions[number] = &use{}
		}
		by := versions[number]
		by.count++
		if len(by.names) < shownUsers {
			by.names = append(by.names, name)
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
