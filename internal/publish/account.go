package publish

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/awsclient"
)

// ForeignAccountError tells that something belongs to another account, or to an
// account of another partition, than the credentials do. Nothing was changed.
type ForeignAccountError struct {
	// ARN names what belongs to Owner.
	ARN string
	// Owner is whose it is, Caller whose the credentials are.
	Owner, Caller awsclient.Caller
}

func (e *ForeignAccountError) Error() string {
	return fmt.Sprintf("%s belongs to %s, and the credentials are of %s", e.ARN, e.Owner, e.Caller)
}

// Guard refuses with a *ForeignAccountError if any of the ARNs, which are those
// of layers or of their versions, is not of the account and partition of the
// credentials. What acts on a state calls it before the first write. Empty ARNs
// are passed over; without any, Guard checks the credentials alone.
//
// Where skip_credentials_validation and skip_requesting_account_id keep it from
// asking STS, it looks at what Lambda has: if that tells nothing either, nothing
// is refused, and Publish checks the ARN that it gets.
func (p *Publisher) Guard(ctx context.Context, arns ...string) error {
	if len(arns) == 0 {
		_, err := p.Caller(ctx, "")
		return err
	}
	for _, one := range arns {
		if one == "" {
			continue
		}
		a, err := ParseLayerARN(one)
		if err != nil {
			return err
		}
		caller, err := p.Caller(ctx, a.Region)
		if err == nil && caller.AccountID == "" {
			caller, err = p.guess(ctx, a)
		}
		if err != nil {
			return err
		}
		owner := Caller{AccountID: a.AccountID, Partition: a.Partition}
		if caller.AccountID != "" && caller.AccountID != owner.AccountID || caller.Partition != "" && caller.Partition != owner.Partition {
			return &ForeignAccountError{ARN: one, Owner: owner, Caller: caller}
		}
	}
	return nil
}

// Caller returns whom the credentials act for, by one request to STS for the
// life of the Publisher. Region is where the call is about to work; "" is the
// provider's own. The Caller is zero where the settings keep it from asking, or
// STS is not there and they say that this is no fault.
func (p *Publisher) Caller(ctx context.Context, region string) (Caller, error) {
	return p.client.Caller(ctx, region)
}

// guess returns whom the credentials act for by what Lambda has in the region of
// a layer version: the version itself, or any layer or function. It is zero
// where there is nothing to go by.
func (p *Publisher) guess(ctx context.Context, a LayerVersionARN) (Caller, error) {
	s, err := p.client.Connect(ctx, a.Region)
	if err != nil {
		return Caller{}, err
	}
	api := s.Lambda(a.Region)
	if a.Number != 0 {
		out, err := api.GetLayerVersion(ctx, &lambda.GetLayerVersionInput{LayerName: &a.Name, VersionNumber: &a.Number})
		if err == nil {
			return callerOf(aws.ToString(out.LayerVersionArn)), nil
		}
		if _, unusable := errors.AsType[*CredentialsError](s.Explain(err)); unusable || ctx.Err() != nil {
			return Caller{}, fmt.Errorf("finding the account of the credentials: %w", s.Explain(err))
		}
	}
	if out, err := api.ListLayers(ctx, &lambda.ListLayersInput{MaxItems: aws.Int32(1)}); err == nil && len(out.Layers) > 0 {
		return callerOf(aws.ToString(out.Layers[0].LayerArn)), nil
	}
	if out, err := api.ListFunctions(ctx, &lambda.ListFunctionsInput{MaxItems: aws.Int32(1)}); err == nil && len(out.Functions) > 0 {
		return callerOf(aws.ToString(out.Functions[0].FunctionArn)), nil
	}
	return Caller{}, nil
}

// callerOf returns the account and partition of any ARN, zero for what is none.
func callerOf(text string) Caller {
	parsed, _ := arn.Parse(text) // zero for what is none
	return Caller{AccountID: parsed.AccountID, Partition: parsed.Partition}
}

// refuseForeign deletes a version that Publish has just made in another account
// than the request names, and says so. found is set for one that was there.
func (p *Publisher) refuseForeign(ctx context.Context, r Request, v Version, found bool) error {
	got := callerOf(v.ARN)
	if r.LayerARN == "" || got.AccountID == "" || got == callerOf(r.LayerARN) {
		return nil
	}
	foreign := &ForeignAccountError{ARN: r.LayerARN, Owner: callerOf(r.LayerARN), Caller: got}
	if found {
		return foreign
	}
	return errors.Join(foreign, p.Delete(ctx, v.ARN))
}

// Region returns the region in which a call with the asked one works: itself,
// or for "" that of the settings, of the environment or of the profile. A
// region that AWS does not have is a *LimitError, none at all a *ConfigError.
func (p *Publisher) Region(ctx context.Context, asked string) (string, error) {
	_, region, err := p.client.Reach(ctx, asked)
	return region, err
}

// CheckRegion accepts the regions of AWS.
func CheckRegion(region string) error { return awsclient.CheckRegion(region) }
