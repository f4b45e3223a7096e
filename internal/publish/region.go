package publish

import (
	"context"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/awsclient"
)

// Region returns the region in which a call with the asked one works: itself,
// or for "" that of the settings, of the environment or of the profile. A
// region that AWS does not have is a *LimitError, none at all a *ConfigError.
func (p *Publisher) Region(ctx context.Context, asked string) (string, error) {
	_, region, err := p.client.Reach(ctx, asked)
	return region, err
}

// CheckRegion accepts the regions of AWS.
func CheckRegion(region string) error { return awsclient.CheckRegion(region) }
