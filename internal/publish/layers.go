package publish

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// NewestOfAll returns the newest version of every layer of the account in a region,
// by name, of layers whose names begin so. most bounds how many, 0 for all. One
// request for each 50 layers (AWS Lambda API Reference, ListLayers).
func (p *Publisher) NewestOfAll(ctx context.Context, region, prefix string, most int) ([]Version, error) {
	s, region, err := p.client.Reach(ctx, region)
	if err != nil {
		return nil, err
	}
	api := s.Lambda(region)
	in := &lambda.ListLayersInput{MaxItems: aws.Int32(50)}
	var all []Version
	for {
		page, err := api.ListLayers(ctx, in)
		if err != nil {
			return nil, fmt.Errorf("listing the layers in %s: %w", region, s.Explain(err))
		}
		for _, l := range page.Layers {
			v := l.LatestMatchingVersion
			if v == nil || !strings.HasPrefix(aws.ToString(l.LayerName), prefix) {
				continue
			}
			all = append(all, version(v.LayerVersionArn, l.LayerArn, v.Version, v.CreatedDate, nil,
				v.Description, v.LicenseInfo, v.CompatibleRuntimes, v.CompatibleArchitectures))
			if len(all) == most {
				return all, nil
			}
		}
		if in.Marker = page.NextMarker; aws.ToString(in.Marker) == "" {
			return all, nil
		}
	}
}
