package functions

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// TestUsageOfOddEntries holds what a list may have beside the usual.
func TestUsageOfOddEntries(t *testing.T) {
	t.Parallel()
	u := &Usage{Layers: map[string]map[int64]*Use{}}
	for _, entry := range []types.FunctionConfiguration{
		{},
		{FunctionName: aws.String("image")},
		{FunctionName: aws.String("a"), Version: aws.String("$LATEST"), Layers: []types.Layer{{}, {Arn: aws.String("nonsense")}, {Arn: aws.String("x:y")}}},
		{FunctionName: aws.String("b"), Layers: []types.Layer{{Arn: aws.String("arn:aws:lambda:eu-west-1:999999999999:layer:deps:7")}}},
	} {
		u.note(entry)
	}
	if len(u.Layers) != 1 || u.Layers["arn:aws:lambda:eu-west-1:999999999999:layer:deps"][7].Count != 1 {
		t.Errorf("got %v, want one layer with one user", u.Layers)
	}
}
