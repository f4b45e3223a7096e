package publish

import "context"

// Region returns the region in which a call with the asked one works: itself,
// or for "" that of the settings, of the environment or of the profile. A
// region that AWS does not have is a *LimitError, none at all a *ConfigError.
func (p *Publisher) Region(ctx context.Context, asked string) (string, error) {
	_, region, err := p.reach(ctx, asked)
	return region, err
}

// reach returns the session, and the region in which a call with the asked one
// works, as Region does.
func (p *Publisher) reach(ctx context.Context, asked string) (*session, string, error) {
	s, err := p.connect(ctx, asked)
	if err != nil {
		return nil, "", err
	}
	region, err := s.region(asked)
	return s, region, err
}
