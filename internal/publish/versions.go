package publish

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/backoff"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/awsclient"
)

// fresh is for how long after a publish "not found" may mean "not yet".
const fresh = time.Minute

// Read returns the layer version with the ARN, in its own region. A version
// that is gone is ErrNotFound; right after this Publisher has published it,
// Read asks a few times before it says so.
func (p *Publisher) Read(ctx context.Context, arn string) (Version, error) {
	api, s, a, err := p.of(ctx, arn)
	if err != nil {
		return Version{}, err
	}
	for _, wait := range p.patience.Looks {
		if err := backoff.Sleep(ctx, wait); err != nil {
			return Version{}, fmt.Errorf("reading %s: %w", arn, err)
		}
		var out *lambda.GetLayerVersionOutput
		out, err = api.GetLayerVersion(ctx, &lambda.GetLayerVersionInput{
			LayerName: aws.String(a.LayerARN()), VersionNumber: &a.Number,
		})
		if err == nil && aws.ToString(out.LayerVersionArn) != arn {
			err = awsclient.ErrIncomplete
		}
		if err == nil {
			return described(out), nil
		}
		var missing *types.ResourceNotFoundException
		if !errors.As(err, &missing) || !p.isFresh(arn) {
			break
		}
	}
	return Version{}, fmt.Errorf("reading %s: %w", arn, s.Explain(err))
}

// Locate returns the layer version with the ARN, and an address from which its
// zip can be fetched for some minutes. The address is a secret: it lets anybody
// read the zip. A version that is gone is ErrNotFound.
func (p *Publisher) Locate(ctx context.Context, arn string) (Version, string, error) {
	api, s, a, err := p.of(ctx, arn)
	if err != nil {
		return Version{}, "", err
	}
	out, err := api.GetLayerVersion(ctx, &lambda.GetLayerVersionInput{LayerName: aws.String(a.LayerARN()), VersionNumber: &a.Number})
	if err == nil && (out.Content == nil || aws.ToString(out.Content.Location) == "") {
		err = awsclient.ErrIncomplete
	}
	if err != nil {
		return Version{}, "", fmt.Errorf("reading %s: %w", arn, s.Explain(err))
	}
	return described(out), aws.ToString(out.Content.Location), nil
}

// Delete removes the layer version with the ARN. One that is gone already is
// no error. Functions that have it keep it.
func (p *Publisher) Delete(ctx context.Context, arn string) error {
	api, s, a, err := p.of(ctx, arn)
	if err != nil {
		return err
	}
	name := p.layerNameOf(ctx, api, a)
	_, err = api.DeleteLayerVersion(ctx, &lambda.DeleteLayerVersionInput{LayerName: &name, VersionNumber: &a.Number})
	var missing *types.ResourceNotFoundException
	if err != nil && !errors.As(err, &missing) {
		return fmt.Errorf("deleting %s: %w", arn, s.Explain(err))
	}
	p.justMade.Delete(arn)
	return nil
}

// layerNameOf returns how to name the layer of a version in a call: MiniStack, which
// stands in for AWS, wants the name alone for most of them, where AWS takes the ARN
// as well. The name means the caller's account, and is used where that is proved to
// be the version's.
func (p *Publisher) layerNameOf(ctx context.Context, api *lambda.Client, a LayerVersionARN) string {
	if own := p.account.Load(); own != nil && *own == a.AccountID {
		return a.Name
	}
	out, err := api.GetLayerVersion(ctx, &lambda.GetLayerVersionInput{LayerName: &a.Name, VersionNumber: &a.Number})
	if err != nil || aws.ToString(out.LayerVersionArn) != a.String() {
		return a.LayerARN() // what cannot be told is not proved
	}
	p.account.Store(&a.AccountID)
	return a.Name
}

// of returns the client for the region of an ARN.
func (p *Publisher) of(ctx context.Context, arn string) (*lambda.Client, *awsclient.Session, LayerVersionARN, error) {
	a, err := ParseARN(arn)
	if err != nil {
		return nil, nil, LayerVersionARN{}, err
	}
	s, err := p.client.Connect(ctx, a.Region)
	if err != nil {
		return nil, nil, LayerVersionARN{}, err
	}
	region, err := s.Region(a.Region)
	if err != nil {
		return nil, nil, LayerVersionARN{}, fmt.Errorf("reading layer version ARN %q: %w", arn, err)
	}
	return s.Lambda(region), s, a, nil
}

func (p *Publisher) isFresh(arn string) bool {
	made, ok := p.justMade.Load(arn)
	at, _ := made.(time.Time)
	return ok && time.Since(at) < fresh
}

// described returns a version as the calls describe it.
func described(out *lambda.GetLayerVersionOutput) Version {
	v := Version{
		ARN: aws.ToString(out.LayerVersionArn), LayerARN: aws.ToString(out.LayerArn), Number: out.Version, CreatedDate: aws.ToString(out.CreatedDate),
		Description: aws.ToString(out.Description), LicenseInfo: aws.ToString(out.LicenseInfo),
		Runtimes: names(out.CompatibleRuntimes), Architectures: names(out.CompatibleArchitectures),
	}
	if v.ARN == "" && v.LayerARN != "" {
		v.ARN = v.LayerARN + ":" + strconv.FormatInt(v.Number, 10)
	}
	if out.Content != nil {
		v.CodeSHA256, v.CodeSize = aws.ToString(out.Content.CodeSha256), out.Content.CodeSize
		v.SigningJobARN, v.SigningProfileVersionARN = aws.ToString(out.Content.SigningJobArn), aws.ToString(out.Content.SigningProfileVersionArn)
		if v.SigningJobARN == "" {
			v.UnsignedSHA256 = v.CodeSHA256
		}
	}
	return v
}
