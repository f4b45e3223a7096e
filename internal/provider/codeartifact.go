package provider

import (
	"context"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

// codeArtifact lets the pipeline ask AWS for what CodeArtifact wants. The AWS
// settings are read when it does.
type codeArtifact struct {
	publisher func() (*publish.Publisher, error)
}

var _ layer.CodeArtifact = codeArtifact{}

func (c codeArtifact) CodeArtifactToken(ctx context.Context, domain, owner, region string) (string, time.Time, error) {
	p, err := c.publisher()
	if err != nil {
		return "", time.Time{}, err
	}
	return p.CodeArtifactToken(ctx, domain, owner, region)
}

func (c codeArtifact) CodeArtifactEndpoint(ctx context.Context, domain, repository, owner, region, format string) (string, error) {
	p, err := c.publisher()
	if err != nil {
		return "", err
	}
	return p.CodeArtifactEndpoint(ctx, domain, repository, owner, region, format)
}
