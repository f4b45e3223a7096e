package versionstate

import (
	"context"
	"reflect"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lifecycle"
)

const (
	european = "eu-west-1"
	american = "us-east-1"
	depsARN  = "arn:aws:lambda:eu-west-1:123456789012:layer:deps"
)

// privately is a private state in memory.
type privately map[string][]byte

func (p privately) GetKey(_ context.Context, key string) ([]byte, diag.Diagnostics) {
	return p[key], nil
}

func (p privately) SetKey(_ context.Context, key string, value []byte) diag.Diagnostics {
	p[key] = value
	return nil
}

// TestLifeIsKept writes a life to state and record, and reads it back: all of it
// with the record, and what a destroy needs without.
func TestLifeIsKept(t *testing.T) {
	t.Parallel()
	created := time.Date(2026, 11, 20, 8, 30, 0, 0, time.UTC)
	arn := depsARN + ":4"
	life := &lifecycle.Life{Holder: "me", SharingFound: true}
	home := life.At(european)
	home.Release = lifecycle.Release{ARN: arn, Number: 4, CodeSHA256: "x"}
	home.Own(2, created)
	home.Own(4, time.Time{})
	home.Others, home.Listed, home.Seen = []lifecycle.Version{{Number: 3, Created: created}}, true, created
	home.Parameter = lifecycle.Parameter{Name: "/deps", Value: arn}
	home.Unfinished = lifecycle.Unfinished{Share: true, Retire: true}
	life.At(american).Own(7, created) // a region that is to be left
	life.At("")                       // a region that is not known leaves nothing
	m := &Model{
		Region: types.StringValue(european), LayerARN: types.StringValue(depsARN), PublishedVersions: Published(life),
		SSMParameter: types.ObjectValueMust(map[string]attr.Type{"name": types.StringType, "description": types.StringType, "tier": types.StringType, "overwrite": types.BoolType},
			map[string]attr.Value{"name": types.StringValue("/deps"), "description": types.StringNull(), "tier": types.StringNull(), "overwrite": types.BoolNull()}),
	}
	m.SetHome(ReplicaOf(home))
	private := privately{}
	if diags := WriteLife(t.Context(), life, private); diags.HasError() {
		t.Fatal(diags)
	}
	const want = `{"holder":"me","sharing_found":true,"places":{` +
		`"eu-west-1":{"created":{"2":"2026-11-20T08:30:00Z"},"others":[{"number":3,"created":"2026-11-20T08:30:00Z"}],"listed":true,"seen":"2026-11-20T08:30:00Z",` +
		`"parameter":{"name":"/deps","value":"arn:aws:lambda:eu-west-1:123456789012:layer:deps:4"},"share_due":true,"retire_due":true},` +
		`"us-east-1":{"created":{"7":"2026-11-20T08:30:00Z"}}}}`
	if got := string(private[recordKey]); got != want {
		t.Errorf("the record is %s\nwant %s", got, want)
	}
	delete(life.Places, "")
	got, diags := ReadLife(t.Context(), private, m)
	if diags.HasError() || !reflect.DeepEqual(got, life) {
		t.Errorf("got %+v, want %+v (%v)", got.Places[european], home, diags)
	}
	without, diags := ReadLife(t.Context(), privately{}, m)
	if diags.HasError() {
		t.Fatal(diags)
	}
	p := without.Places[european]
	if p.Release != home.Release || !reflect.DeepEqual(p.Numbers(), []int64{2, 4}) || p.Parameter != home.Parameter || !without.Places[american].Owns(7) {
		t.Errorf("without a record there is %+v, want versions 2 and 4 and the parameter", p)
	}
}
