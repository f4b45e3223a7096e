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
