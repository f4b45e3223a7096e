package publish

import (
	"context"
	"fmt"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/functions"
)

// Uses returns who uses the versions of a layer, among the functions of the
// account of the credentials: "resize" for the function itself, "resize:3" for its
// published version 3. Aliases point to published versions, so these stand for
// them. Of more than twenty users the first that AWS lists are named. Nobody may
// change what it returns. The layer may be another account's; region "" is the
// provider's own.
//
// All calls for a region share one scan, for a minute and three times as long as
// it took, but none that began before since. It returns when the scan began.
func (p *Publisher) Uses(ctx context.Context, region, layerARN string, since time.Time) (map[int64]*Use, time.Time, error) {
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
