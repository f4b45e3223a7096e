package awsclient

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/aws-sdk-go-v2/service/codeartifact"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/signer"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	awsbase "github.com/hashicorp/aws-sdk-go-base/v2"
	"github.com/hashicorp/aws-sdk-go-base/v2/diag"
	"github.com/hashicorp/aws-sdk-go-base/v2/validation"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/secret"
)

// defaultMaxRetries is the AWS provider's own default.
const defaultMaxRetries = 25

// Config holds the AWS settings, named and meant as in the provider block of
// hashicorp/aws. Every zero value means "not set": the environment, the shared
// files and the instance's own sources then decide, in the order of that
// provider.
type Config struct {
	Region, Profile                           string
	AccessKey, SecretKey, Token               string
	SharedConfigFiles, SharedCredentialsFiles []string
	// MaxRetries is how often a request is tried in all; 0 means 25.
	MaxRetries int
	// RetryMode is "standard", "adaptive" or "".
	RetryMode string
	// TokenBucketRateLimiterCapacity bounds the retries of the SDK; 0 does not.
	TokenBucketRateLimiterCapacity int

	AssumeRole                []AssumeRole
	AssumeRoleWithWebIdentity *AssumeRoleWithWebIdentity
	AllowedAccountIDs         []string
	ForbiddenAccountIDs       []string

	Endpoints            Endpoints
	STSRegion            string
	UseFIPSEndpoint      bool
	UseDualStackEndpoint bool
	S3UsePathStyle       bool

	SkipCredentialsValidation bool
	SkipRegionValidation      bool
	SkipRequestingAccountID   bool
	// SkipMetadataAPICheck is nil when not set; true keeps off the EC2
	// metadata service, false uses it even where the environment says no.
	SkipMetadataAPICheck *bool

	EC2MetadataServiceEndpoint     string
	EC2MetadataServiceEndpointMode string // "IPv4", "IPv6" or ""

	CustomCABundle        string
	HTTPProxy, HTTPSProxy *string // a pointer to "" means: no proxy
	NoProxy               string
	Insecure              bool

	// RegisterDir is the cache directory, where is kept who points at which
	// version; "" keeps that in memory.
	RegisterDir string

	// UserAgent and UserAgentVersion name the caller in every request.
	UserAgent, UserAgentVersion string
}

// Endpoints replaces the URLs of services; "" keeps AWS's own, or what the
// AWS_ENDPOINT_URL variables say.
type Endpoints struct {
	CodeArtifact, Lambda, S3, Signer, SSM, STS, IAM, SSO string
}

// AssumeRole is one step of a chain of roles.
type AssumeRole = awsbase.AssumeRole

// AssumeRoleWithWebIdentity is a role taken with an OIDC token: the token
// itself or the file that holds it.
type AssumeRoleWithWebIdentity = awsbase.AssumeRoleWithWebIdentity

func (c Config) maxAttempts() int {
	if c.MaxRetries > 0 {
		return c.MaxRetries
	}
	return defaultMaxRetries
}

// check finds the faults that need neither network nor environment.
func (c Config) check() error {
	var faults []string
	for _, proxy := range []struct {
		name  string
		value *string
	}{{"http_proxy", c.HTTPProxy}, {"https_proxy", c.HTTPSProxy}} {
		// The value may hold a password: it is not repeated.
		if _, err := url.Parse(aws.ToString(proxy.value)); err != nil {
			faults = append(faults, proxy.name+" is not a URL")
		}
	}
	for _, endpoint := range []struct{ name, value string }{
		{"codeartifact", c.Endpoints.CodeArtifact}, {"lambda", c.Endpoints.Lambda}, {"s3", c.Endpoints.S3}, {"sts", c.Endpoints.STS},
		{"iam", c.Endpoints.IAM}, {"signer", c.Endpoints.Signer}, {"ssm", c.Endpoints.SSM}, {"sso", c.Endpoints.SSO},
	} {
		if endpoint.value == "" {
			continue
		}
		if u, err := url.Parse(endpoint.value); err != nil || u.Scheme == "" || u.Host == "" {
			faults = append(faults, fmt.Sprintf("endpoints.%s is not a URL with a scheme and a host", endpoint.name))
		}
	}
	if c.RetryMode != "" {
		if _, err := aws.ParseRetryMode(c.RetryMode); err != nil {
			faults = append(faults, fmt.Sprintf("retry_mode is %q, want \"standard\" or \"adaptive\"", c.RetryMode))
		}
	}
	if c.Region != "" && !c.SkipRegionValidation {
		if err := validation.SupportedRegion(c.Region); err != nil {
			faults = append(faults, unknownRegion(c.Region))
		}
	}
	if len(faults) > 0 {
		return &ConfigError{Faults: faults}
	}
	return nil
}

func unknownRegion(region string) string {
	return fmt.Sprintf("region %q is not known: check its spelling, or set skip_region_validation for a new one", region)
}

// base translates the settings for aws-sdk-go-base.
func (c Config) base() *awsbase.Config {
	b := &awsbase.Config{
		Region: c.Region, Profile: c.Profile,
		AccessKey: c.AccessKey, SecretKey: c.SecretKey, Token: c.Token,
		SharedConfigFiles: c.SharedConfigFiles, SharedCredentialsFiles: c.SharedCredentialsFiles,
		MaxRetries: c.maxAttempts(), RetryMode: aws.RetryMode(c.RetryMode),
		TokenBucketRateLimiterCapacity: c.TokenBucketRateLimiterCapacity,
		AssumeRole:                     c.AssumeRole, AssumeRoleWithWebIdentity: c.AssumeRoleWithWebIdentity,
		AllowedAccountIds: c.AllowedAccountIDs, ForbiddenAccountIds: c.ForbiddenAccountIDs,
		IamEndpoint: c.Endpoints.IAM, SsoEndpoint: c.Endpoints.SSO, StsEndpoint: c.Endpoints.STS, StsRegion: c.STSRegion,
		UseFIPSEndpoint: c.UseFIPSEndpoint, UseDualStackEndpoint: c.UseDualStackEndpoint,
		SkipCredsValidation: c.SkipCredentialsValidation, SkipRequestingAccountId: c.SkipRequestingAccountID,
		EC2MetadataServiceEnableState:  c.metadata(),
		EC2MetadataServiceEndpoint:     c.EC2MetadataServiceEndpoint,
		EC2MetadataServiceEndpointMode: c.EC2MetadataServiceEndpointMode,
		CustomCABundle:                 c.CustomCABundle,
		HTTPProxy:                      c.HTTPProxy, HTTPSProxy: c.HTTPSProxy, HTTPProxyMode: awsbase.HTTPProxyModeLegacy,
		NoProxy: c.NoProxy, Insecure: c.Insecure,
		CallerName: "layerbuild",
		// Its log of calls reads whole bodies line by line, and fails where a line
		// is long, as a zip in a request is: see logCalls.
		SuppressDebugLog: true,
	}
	if c.UserAgent != "" {
		b.UserAgent = awsbase.UserAgentProducts{{Name: c.UserAgent, Version: c.UserAgentVersion}}
	}
	return b
}

func (c Config) metadata() imds.ClientEnableState {
	switch {
	case c.SkipMetadataAPICheck == nil:
		return imds.ClientDefaultEnableState
	case *c.SkipMetadataAPICheck:
		return imds.ClientDisabled
	}
	return imds.ClientEnabled
}

// Session is a set of resolved settings: credentials found, region known.
type Session struct {
	config Config
	AWS    aws.Config
	keys   *keyring
	paces  *paces
	// borrowed is set where nothing names a region, and that of the first
	// call serves for STS.
	borrowed bool
	// caller is whom the credentials act for, where that was asked.
	caller Caller
}

func newSession(ctx context.Context, c Config, paces *paces) (*Session, error) {
	keys := &keyring{hidden: &secret.Keeper{}}
	c.hide(keys.hidden)
	base := c.base()
	base.SkipCredsValidation = true // ask does that, with our log and retries
	_, resolved, diags := awsbase.GetAwsConfig(ctx, base)
	if diags.HasError() {
		return nil, c.failure(diags, keys.hidden)
	}
	keys.source = resolved.Credentials
	s := &Session{config: c, AWS: resolved, keys: keys, paces: paces}
	logCalls(&s.AWS, keys.hidden)
	if found, err := keys.Retrieve(ctx); err == nil { // else the first call that needs them says what is wrong
		Inform(ctx, "found AWS credentials", map[string]any{"source": found.Source})
	}
	s.AWS.Credentials = keys
	s.AWS.Retryer = func() aws.Retryer { return persistent{RetryerV2: retryerOf(resolved), keys: keys} }
	if resolved.Region == "" {
		return nil, &ConfigError{Faults: []string{noRegion}}
	}
	if !c.SkipRegionValidation {
		if err := validation.SupportedRegion(resolved.Region); err != nil {
			return nil, &ConfigError{Faults: []string{unknownRegion(resolved.Region)}}
		}
	}
	if c.SkipCredentialsValidation && len(c.AllowedAccountIDs)+len(c.ForbiddenAccountIDs) == 0 {
		return s, nil
	}
	base.SkipCredsValidation = c.SkipCredentialsValidation
	var err error
	if s.caller, err = s.ask(ctx, s.AWS, base); err != nil {
		return nil, err
	}
	if base.VerifyAccountIDAllowed(s.caller.AccountID) != nil {
		return nil, &ConfigError{Faults: []string{
			fmt.Sprintf("account %q is not one that allowed_account_ids and forbidden_account_ids let through", s.caller.AccountID),
		}}
	}
	return s, nil
}

// noRegion tells what to do about a region that nothing names.
const noRegion = "no region is set: set region in the provider block, or AWS_REGION"

// failure makes one error of the diagnostics, without credentials.
func (c Config) failure(diags diag.Diagnostics, hidden *secret.Keeper) error {
	var faults []string
	var causes []error
	for _, d := range diags.Errors() {
		faults = append(faults, hidden.Show(c.explainSettings(d)))
		if with, ok := d.(diag.DiagnosticWithErr); ok {
			causes = append(causes, with.Err())
		}
	}
	return &ConfigError{Faults: faults, cause: errors.Join(causes...)}
}

// explainSettings writes a diagnostic in one line, with what to write instead where
// the settings themselves are at fault.
func (c Config) explainSettings(d diag.Diagnostic) string {
	with, ok := d.(diag.DiagnosticWithErr)
	if !ok || with.Err() == nil {
		return sentence(d)
	}
	missing, ok := errors.AsType[awsconfig.SharedConfigProfileNotExistError](with.Err())
	if !ok {
		return sentence(d)
	}
	name := missing.Profile
	if name == "" {
		name = c.Profile
	}
	files := strings.Join(append(slices.Clone(c.SharedConfigFiles), c.SharedCredentialsFiles...), ", ")
	if files == "" {
		files = "~/.aws/config and ~/.aws/credentials, or what AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name"
	}
	return fmt.Sprintf("the profile %q is not in the shared files (%s): correct profile or AWS_PROFILE, or add it there, as by \"aws configure --profile %s\"", name, files, name)
}

// sentence writes a diagnostic in one line: what failed, and AWS's reason.
func sentence(d diag.Diagnostic) string {
	var reason string
	if with, ok := d.(diag.DiagnosticWithErr); ok && with.Err() != nil {
		reason = Message(with.Err())
	}
	first, _, _ := strings.Cut(strings.TrimSpace(d.Detail()), "\n")
	switch {
	case strings.Contains(reason, "Missing Region"):
		return noRegion
	case awsbase.IsNoValidCredentialSourcesError(d):
		return "no AWS credentials were found: set a profile, or access_key and secret_key, or the AWS_ variables of the environment (" + reason + ")"
	case reason != "" && first != "" && !strings.Contains(reason, first):
		return first + " " + reason
	case reason != "":
		return reason
	}
	return strings.TrimSpace(d.Summary() + ": " + first)
}

// Region returns the asked region, or the session's own for "". One that AWS
// does not have is a *LimitError.
func (s *Session) Region(asked string) (string, error) {
	if asked == "" && s.borrowed {
		return "", &ConfigError{Faults: []string{noRegion}}
	}
	if asked == "" {
		return s.AWS.Region, nil
	}
	if s.config.SkipRegionValidation {
		return asked, nil
	}
	return asked, CheckRegion(asked)
}

// Lambda returns the client of a region, which keeps the pace of the account.
func (s *Session) Lambda(region string) *lambda.Client {
	return lambda.NewFromConfig(s.AWS, func(o *lambda.Options) {
		o.Region = region
		override(&o.BaseEndpoint, s.config.Endpoints.Lambda)
		o.APIOptions = append(o.APIOptions, s.paces.Of(region, lambdaInterval).middleware)
	})
}

// S3 returns the client of a region.
func (s *Session) S3(region string) *s3.Client {
	return s3.NewFromConfig(s.AWS, func(o *s3.Options) {
		o.Region = region
		o.UsePathStyle = s.config.S3UsePathStyle
		override(&o.BaseEndpoint, s.config.Endpoints.S3)
	})
}

// Signer returns the client of a region.
func (s *Session) Signer(region string) *signer.Client {
	return signer.NewFromConfig(s.AWS, func(o *signer.Options) {
		o.Region = region
		override(&o.BaseEndpoint, s.config.Endpoints.Signer)
	})
}

// SSM returns the client of a region for calls that keep to a rate of their own.
func (s *Session) SSM(region string, perSecond time.Duration) *ssm.Client {
	return ssm.NewFromConfig(s.AWS, func(o *ssm.Options) {
		o.Region = region
		override(&o.BaseEndpoint, s.config.Endpoints.SSM)
		o.APIOptions = append(o.APIOptions, s.paces.Of(fmt.Sprintf("ssm/%s/%d", region, perSecond), time.Second/perSecond).middleware)
	})
}

// CodeArtifact returns the client of a region.
func (s *Session) CodeArtifact(region string) *codeartifact.Client {
	return codeartifact.NewFromConfig(s.AWS, func(o *codeartifact.Options) {
		o.Region = region
		override(&o.BaseEndpoint, s.config.Endpoints.CodeArtifact)
	})
}

// override sets the endpoint of a service to a URL of the settings; "" keeps
// what the SDK has found.
func override(endpoint **string, url string) {
	if url != "" {
		*endpoint = &url
	}
}
