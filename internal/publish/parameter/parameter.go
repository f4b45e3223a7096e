// Package parameter writes and reads parameters of AWS Systems Manager.
package parameter

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/awsclient"
)

// Systems Manager counts by itself: an account in a region has 40 reads and 3
// writes a second by default, all callers together.
const (
	parameterReads  = 30
	parameterWrites = 2
)

// maxParameterName and maxParameterLevels bound the name of a parameter: AWS
// takes 1011 characters in a name without the ARN before it, in 15 levels.
const (
	maxParameterName   = 1011
	maxParameterLevels = 15
)

// Parameter is a parameter of the type String in the parameter store of AWS
// Systems Manager.
type Parameter struct {
	Name, Value, Description string
	// Tier is "Standard", "Advanced", "Intelligent-Tiering" or "", which is
	// what the account has chosen.
	Tier string
}

// ExistsError tells that there is a parameter of the name already,
// which was not to be overwritten.
type ExistsError struct {
	Name, Region string
}

func (e *ExistsError) Error() string {
	return fmt.Sprintf("the parameter %q in %s is there already and was not written by this resource: choose another name, delete it, or set overwrite = true", e.Name, e.Region)
}

// Store is the parameters that one set of AWS settings reaches. It is safe for
// concurrent use.
type Store struct {
	client *awsclient.Client
	// written are the parameters that this Store has put, by region and name.
	written sync.Map
}

// New returns the parameters that a client reaches.
func New(client *awsclient.Client) *Store { return &Store{client: client} }

// CheckName returns an *awsclient.LimitError when AWS would refuse the name of a
// parameter.
func CheckName(name string) error {
	fault := func(format string, args ...any) error {
		return &awsclient.LimitError{Attribute: "ssm_parameter", Problem: fmt.Sprintf(format, args...)}
	}
	first, _, _ := strings.Cut(strings.ToLower(strings.TrimPrefix(name, "/")), "/")
	switch {
	case name == "":
		return fault("has an empty name")
	case strings.HasPrefix(name, "arn:"):
		return fault("is named %q: write the name alone, not an ARN", name)
	case len(name) > maxParameterName:
		return fault("has a name of %d characters, AWS takes %d", len(name), maxParameterName)
	case strings.HasPrefix(first, "aws"), strings.HasPrefix(first, "ssm"):
		return fault("is named %q: AWS keeps names that begin with %q and %q for itself", name, "aws", "ssm")
	case strings.Contains(name, "/") && !strings.HasPrefix(name, "/"):
		return fault("is named %q: a name with levels begins with a slash, as in %q", name, "/"+name)
	case strings.HasSuffix(name, "/"), strings.Contains(name, "//"):
		return fault("is named %q: it has an empty level", name)
	case strings.Count(name, "/") > maxParameterLevels:
		return fault("is named %q: it has %d levels, AWS takes %d", name, strings.Count(name, "/"), maxParameterLevels)
	}
	for _, r := range name {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_.-/", r)) {
			return fault("is named %q: AWS takes letters, digits, \"_\", \".\", \"-\" and \"/\", not %q", name, r)
		}
	}
	return nil
}

// Put writes a parameter in a region; "" is the provider's own. One
// that is there is replaced if overwrite is set, and a *ExistsError
// if not.
func (p *Store) Put(ctx context.Context, region string, w Parameter, overwrite bool) error {
	api, s, region, err := p.parameters(ctx, region, parameterWrites)
	if err != nil {
		return err
	}
	input := &ssm.PutParameterInput{
		Name: &w.Name, Value: &w.Value, Type: types.ParameterTypeString, Tier: types.ParameterTier(w.Tier),
		Description: awsclient.Optional(w.Description), Overwrite: &overwrite,
	}
	if overwrite {
		input.Description = &w.Description // what was there goes
	}
	_, err = api.PutParameter(ctx, input)
	if _, ok := errors.AsType[*types.ParameterAlreadyExists](err); ok {
		return &ExistsError{w.Name, region}
	}
	if err != nil {
		return fmt.Errorf("writing the parameter %q in %s: %w", w.Name, region, s.Explain(err))
	}
	p.written.Store([2]string{region, w.Name}, true)
	return nil
}

// Get returns the value of a parameter in a region, and false where there
// is none. One that is encrypted is returned as AWS keeps it.
func (p *Store) Get(ctx context.Context, region, name string) (value string, found bool, err error) {
	api, s, region, err := p.parameters(ctx, region, parameterReads)
	if err != nil {
		return "", false, err
	}
	out, err := api.GetParameter(ctx, &ssm.GetParameterInput{Name: &name})
	if _, ok := errors.AsType[*types.ParameterNotFound](err); ok {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("reading the parameter %q in %s: %w", name, region, s.Explain(err))
	}
	return aws.ToString(out.Parameter.Value), true, nil
}

// Delete removes a parameter in a region. One that is gone already is
// no error. One that this Store has written is left alone: who deletes it
// is not who has just come to own it, as where a resource is replaced by
// another before it is destroyed.
func (p *Store) Delete(ctx context.Context, region, name string) error {
	api, s, region, err := p.parameters(ctx, region, parameterWrites)
	if err != nil {
		return err
	}
	if _, taken := p.written.Load([2]string{region, name}); taken {
		return nil
	}
	_, err = api.DeleteParameter(ctx, &ssm.DeleteParameterInput{Name: &name})
	if _, ok := errors.AsType[*types.ParameterNotFound](err); err != nil && !ok {
		return fmt.Errorf("deleting the parameter %q in %s: %w", name, region, s.Explain(err))
	}
	return nil
}

// parameters returns the client of a region for calls of one rate, and the
// region's name.
func (p *Store) parameters(ctx context.Context, region string, perSecond time.Duration) (*ssm.Client, *awsclient.Session, string, error) {
	s, region, err := p.client.Reach(ctx, region)
	if err != nil {
		return nil, nil, "", err
	}
	return s.SSM(region, perSecond), s, region, nil
}
