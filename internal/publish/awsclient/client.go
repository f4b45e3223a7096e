// Package awsclient reaches AWS: settings, credentials, retries, the pace of each
// region, the log of calls, and what an error of AWS means. It knows nothing of
// layers.
package awsclient

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsbase "github.com/hashicorp/aws-sdk-go-base/v2"
)

// Client reaches AWS with one set of settings, in any region. It is safe for
// concurrent use, and shares one request budget per region.
type Client struct {
	config Config
	Paces  paces

	mu      sync.Mutex
	session *Session
	asking  sync.Mutex // guards the caller of the session
}

// New returns a client. It checks what can be checked without the network
// and makes no AWS call: credentials are looked for at the first use. A fault of
// the settings is a *ConfigError.
func New(c Config) (*Client, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	return &Client{config: c}, nil
}

// Connect resolves the settings at the first use, which is about a region; ""
// is the session's own. A failure is not kept: the next use tries again.
func (c *Client) Connect(ctx context.Context, region string) (*Session, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.session != nil {
		return c.session, nil
	}
	s, err := newSession(ctx, c.config, &c.Paces)
	if faults, ok := errors.AsType[*ConfigError](err); ok && region != "" && slices.Equal(faults.Faults, []string{noRegion}) {
		borrowing := c.config
		borrowing.Region = region
		if s, err = newSession(ctx, borrowing, &c.Paces); err == nil {
			s.borrowed = true
		}
	}
	if err != nil {
		return nil, err
	}
	c.session = s
	return s, nil
}

// Reach returns the session, and the region in which a call with the asked one
// works: itself, or for "" that of the settings, of the environment or of the
// profile. A region that AWS does not have is a *LimitError, none at all a
// *ConfigError.
func (c *Client) Reach(ctx context.Context, asked string) (*Session, string, error) {
	s, err := c.Connect(ctx, asked)
	if err != nil {
		return nil, "", err
	}
	region, err := s.Region(asked)
	return s, region, err
}

// Caller is whom the credentials act for.
type Caller struct {
	// AccountID has 12 digits; Partition is such as "aws" or "aws-cn".
	AccountID, Partition string
}

func (c Caller) String() string {
	if c.Partition == "" || c.Partition == "aws" {
		return "account " + c.AccountID
	}
	return "account " + c.AccountID + " of the partition " + c.Partition
}

// Caller returns whom the credentials act for, by one request to STS for the
// life of the Publisher. Region is where the call is about to work; "" is the
// provider's own. The Caller is zero where the settings keep it from asking, or
// STS is not there and they say that this is no fault.
func (c *Client) Caller(ctx context.Context, region string) (Caller, error) {
	s, err := c.Connect(ctx, region)
	if err != nil {
		return Caller{}, err
	}
	c.asking.Lock()
	defer c.asking.Unlock()
	if s.caller.AccountID != "" || c.config.SkipRequestingAccountID {
		return s.caller, nil
	}
	// The credentials were not validated: STS may not be there, and is asked once.
	base, settings := c.config.base(), s.AWS
	base.SkipCredsValidation = false
	settings.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	if found, err := s.ask(ctx, settings, base); err == nil {
		s.caller = found
	}
	return s.caller, nil
}

// ask returns whom the credentials act for. It is zero where base keeps it from
// asking.
func (s *Session) ask(ctx context.Context, settings aws.Config, base *awsbase.Config) (Caller, error) {
	account, partition, diags := awsbase.GetAwsAccountIDAndPartition(ctx, settings, base)
	if diags.HasError() {
		return Caller{}, s.config.failure(diags, s.keys.hidden)
	}
	if account == "" {
		return Caller{}, nil
	}
	return Caller{account, partition}, nil
}
