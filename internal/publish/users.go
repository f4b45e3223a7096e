package publish

import (
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
	uses, _, err := p.uses(ctx, region, layerARN, since)
	return describe(uses), err
}

// describe lists the users of versions for a reader.
func describe(uses map[int64]*Use) map[int64][]string {
	users := map[int64][]string{}
	for number, u := range uses {
		users[number] = u.Describe()
	}
	return users
}

// Uses returns what Users does, as numbers and names; nobody may change it. The
// layer may be another account's.
func (p *Publisher) Uses(ctx context.Context, region, layerARN string) (map[int64]*Use, error) {
	uses, _, err := p.uses(ctx, region, layerARN, time.Time{})
	return uses, err
}

// uses returns what a scan of the region found of a layer that began at since or
// later, and when it began.
func (p *Publisher) uses(ctx context.Context, region, layerARN string, since time.Time) (map[int64]*Use, time.Time, error) {
	s, region, err := p.client.Reach(ctx, region)
	var found *functions.Usage
	if err == nil {
		found, err = p.scans.Usage(ctx, s, region, since)
	}
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("finding who uses %s: %w", layerARN, err)
	}
	if found.Account != "" {
		p.account.CompareAndSwap(nil, &found.Account)
	}
	return found.Layers[layerARN], found.Began, nil
}

// Functions returns the functions of a region; "" is the provider's own.
func (p *Publisher) Functions(ctx context.Context, region string) (*Functions, error) {
	s, region, err := p.client.Reach(ctx, region)
	if err != nil {
		return nil, err
	}
	return functions.Of(s, region), nil
}
