package publish

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/functions"
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
	for number, u := range found.Layers[layerARN] {
		users[number] = u.Describe()
	}
	return users, nil
}

// usage returns what a scan of the region found that began at since or later.
func (p *Publisher) usage(ctx context.Context, region string, since time.Time) (*functions.Usage, error) {
	s, region, err := p.client.Reach(ctx, region)
	if err != nil {
		return nil, err
	}
	found, err := p.scans.Usage(ctx, s, region, since)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.account = cmp.Or(p.account, found.Account)
	return found, nil
}

// Functions returns the functions of a region; "" is the provider's own.
func (p *Publisher) Functions(ctx context.Context, region string) (*Functions, error) {
	s, region, err := p.client.Reach(ctx, region)
	if err != nil {
		return nil, err
	}
	return functions.Of(s, region), nil
}
