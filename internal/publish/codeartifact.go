package publish

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codeartifact"
	"github.com/aws/aws-sdk-go-v2/service/codeartifact/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/awsclient"
)

// tokenSeconds is how long a token of CodeArtifact is asked to live: longer
// than a plan, shorter than its 12 hours.
const tokenSeconds = 3600

// CodeArtifactToken returns a token for all repositories of a CodeArtifact
// domain and the moment at which it expires, zero where AWS does not say. An
// owner of "" is the caller's account, a region of "" the session's own. AWS is
// asked every time.
//
// Typed errors: *AccessDeniedError, *QuotaError, *CredentialsError, *ConfigError.
func (p *Publisher) CodeArtifactToken(ctx context.Context, domain, owner, region string) (token string, expires time.Time, err error) {
	s, client, err := p.codeArtifact(ctx, region)
	if err != nil {
		return "", time.Time{}, fmt.Errorf("asking for a token of the CodeArtifact domain %q: %w", domain, err)
	}
	answer, err := client.GetAuthorizationToken(ctx, &codeartifact.GetAuthorizationTokenInput{
		Domain: aws.String(domain), DomainOwner: awsclient.Optional(owner), DurationSeconds: aws.Int64(tokenSeconds),
	})
	if err == nil && aws.ToString(answer.AuthorizationToken) == "" {
		err = errors.New("the answer holds none")
	}
	if err != nil {
		return "", time.Time{}, fmt.Errorf("asking for a token of the CodeArtifact domain %q: %w", domain, s.ExplainAbsence(err))
	}
	return aws.ToString(answer.AuthorizationToken), aws.ToTime(answer.Expiration), nil
}

// CodeArtifactEndpoint returns the address of a CodeArtifact repository for a
// package format, such as "pypi" or "npm"; it ends in a slash. Owner, region and
// errors are as in CodeArtifactToken.
func (p *Publisher) CodeArtifactEndpoint(ctx context.Context, domain, repository, owner, region, format string) (string, error) {
	s, client, err := p.codeArtifact(ctx, region)
	if err != nil {
		return "", fmt.Errorf("asking for the address of the CodeArtifact repository %q: %w", repository, err)
	}
	answer, err := client.GetRepositoryEndpoint(ctx, &codeartifact.GetRepositoryEndpointInput{
		Domain: aws.String(domain), Repository: aws.String(repository), DomainOwner: awsclient.Optional(owner), Format: types.PackageFormat(format),
	})
	if err != nil {
		return "", fmt.Errorf("asking for the address of the CodeArtifact repository %q: %w", repository, s.ExplainAbsence(err))
	}
	u, err := url.Parse(aws.ToString(answer.RepositoryEndpoint))
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return "", fmt.Errorf("asking for the address of the CodeArtifact repository %q: the answer is none", repository)
	}
	return u.JoinPath("/").String(), nil
}

func (p *Publisher) codeArtifact(ctx context.Context, region string) (*awsclient.Session, *codeartifact.Client, error) {
	s, region, err := p.client.Reach(ctx, region)
	if err != nil {
		return nil, nil, err
	}
	return s, s.CodeArtifact(region), nil
}
