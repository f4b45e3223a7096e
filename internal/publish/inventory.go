package publish

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// Selection says which versions of a layer a listing is to hold.
type Selection struct {
	// Runtime and Architecture keep the versions that declare themselves
	// compatible with them; "" keeps all.
	Runtime, Architecture string
	// Newest bounds how many versions are returned; 0 returns all.
	Newest int
}

// Versions lists the versions of a layer that are not deleted, newest first, at
// the price of a request for each 50. The layer is a name in the account of the
// credentials, in the region ("" is the provider's own), or the ARN of a layer,
// which names its own region. A layer that AWS does not know has none.
//
// Listings tell no hashes and sizes: CodeSHA256 and CodeSize are zero; see Read.
//
// AWS lets no account list a layer of another one: that is an *AccessDeniedError.
func (p *Publisher) Versions(ctx context.Context, region, layer string, choice Selection) ([]Version, error) {
	region, err := regionOf(region, layer)
	if err != nil {
		return nil, err
	}
	s, region, err := p.client.Reach(ctx, region)
	if err != nil {
		return nil, err
	}
	var found []Version
	pages := lambda.NewListLayerVersionsPaginator(s.Lambda(region), choice.input(layer))
	for pages.HasMorePages() && !choice.full(found) {
		page, err := pages.NextPage(ctx)
		if _, ok := errors.AsType[*types.ResourceNotFoundException](err); ok {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("listing the versions of layer %q in %s: %w", layer, region, foreign(layer, s.Explain(err)))
		}
		for _, item := range page.LayerVersions {
			found = append(found, listed(item))
		}
	}
	slices.SortFunc(found, func(a, b Version) int { return cmp.Compare(b.Number, a.Number) })
	if choice.full(found) {
		found = found[:choice.Newest]
	}
	return found, nil
}

// foreign adds to the refusal of a listing by ARN what to do where the layer belongs
// to another account.
func foreign(layer string, err error) error {
	if _, ok := errors.AsType[*AccessDeniedError](err); ok && strings.HasPrefix(layer, "arn:") {
		return fmt.Errorf("the versions of %s cannot be listed: where it belongs to another account, AWS lets it grant single versions, not the list of them, so name a version: %s:<number>. %w", layer, layer, err)
	}
	return err
}

// regionOf returns the region of a layer given by name or ARN: the asked one,
// or that of the ARN.
func regionOf(region, layer string) (string, error) {
	if !strings.HasPrefix(layer, "arn:") {
		return region, CheckName(layer)
	}
	a, err := ParseLayerARN(layer)
	switch {
	case err != nil:
		return "", err
	case a.Number != 0:
		return "", fmt.Errorf("reading layer ARN %q: it names one version, want the layer's own %q", layer, a.LayerARN())
	case region != "" && region != a.Region:
		return "", &LimitError{Attribute: "region", Problem: fmt.Sprintf("is %q, and the layer %s is in %q: drop one of the two", region, layer, a.Region)}
	}
	return a.Region, nil
}

func (c Selection) input(layer string) *lambda.ListLayerVersionsInput {
	in := &lambda.ListLayerVersionsInput{
		LayerName:              &layer,
		CompatibleRuntime:      types.Runtime(c.Runtime),
		CompatibleArchitecture: types.Architecture(c.Architecture),
	}
	if c.Newest > 0 && c.Newest < listedAtOnce {
		in.MaxItems = aws.Int32(int32(c.Newest))
	}
	return in
}

// listedAtOnce is how many items a page of Lambda's lists has at most.
const listedAtOnce = 50

// full reports whether enough versions were found.
func (c Selection) full(found []Version) bool { return c.Newest > 0 && len(found) >= c.Newest }

// listed returns an item of a listing.
func listed(item types.LayerVersionsListItem) Version {
	v := Version{
		ARN: aws.ToString(item.LayerVersionArn), Number: item.Version, CreatedDate: aws.ToString(item.CreatedDate),
		Description: aws.ToString(item.Description), LicenseInfo: aws.ToString(item.LicenseInfo),
		Runtimes: names(item.CompatibleRuntimes), Architectures: names(item.CompatibleArchitectures),
	}
	if a, err := ParseARN(v.ARN); err == nil {
		v.LayerARN = a.LayerARN()
	}
	return v
}

// NewestOfAll returns the newest version of every layer of the account in a region,
// by name, of layers whose names begin so. most bounds how many, 0 for all. One
// request for each 50 layers (AWS Lambda API Reference, ListLayers).
func (p *Publisher) NewestOfAll(ctx context.Context, region, prefix string, most int) ([]Version, error) {
	s, region, err := p.client.Reach(ctx, region)
	if err != nil {
		return nil, err
	}
	var all []Version
	pages := lambda.NewListLayersPaginator(s.Lambda(region), &lambda.ListLayersInput{MaxItems: aws.Int32(listedAtOnce)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("listing the layers in %s: %w", region, s.Explain(err))
		}
		for _, l := range page.Layers {
			if l.LatestMatchingVersion == nil || !strings.HasPrefix(aws.ToString(l.LayerName), prefix) {
				continue
			}
			if all = append(all, listed(*l.LatestMatchingVersion)); len(all) == most {
				return all, nil
			}
		}
	}
	return all, nil
}
