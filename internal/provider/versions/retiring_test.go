package versions

import (
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lifecycle"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/toolbox"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/values"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/versionstate"
)

// noon is the clock of the tests.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// planOf returns a planning of a publish, or of a change of the policy alone,
// for a resource with versions 1, 3 and 4.
func planOf(publish lifecycle.Reason, policy *lifecycle.Policy, before types.List) *planning {
	place := &lifecycle.Place{Release: lifecycle.Release{ARN: "x", Number: 4, CodeSHA256: "x"}, Owned: []lifecycle.Version{{Number: 1}, {Number: 3, Created: noon.AddDate(0, 0, -90)}, {Number: 4}}}
	return &planning{
		before: &versionstate.Model{RetiringVersions: before},
		life:   &lifecycle.Life{Places: map[string]*lifecycle.Place{"eu-west-1": place}},
		dues:   []lifecycle.Due{{Region: "eu-west-1", Publish: publish, Retire: lifecycle.Changed}},
		want:   lifecycle.Arguments{Retention: policy, RetentionKnown: true},
	}
}

// TestPlanSaysWhatGoes is about the list in the plan, and about what is said
// besides: where the list is the one of the last change, Terraform hides it, and
// where ages have not been looked at, nobody knows it yet.
func TestPlanSaysWhatGoes(t *testing.T) {
	t.Parallel()
	unknown := types.ListUnknown(types.Int64Type)
	for name, c := range map[string]struct {
		publish lifecycle.Reason
		policy  *lifecycle.Policy
		before  types.List
		want    types.List
		says    []string // of one warning; none for none
	}{
		"others than before": {lifecycle.NewBytes, &lifecycle.Policy{KeepLast: 2}, values.NumbersOf([]int64{1}), values.NumbersOf([]int64{1, 3}), nil},
		"the same": {lifecycle.NewBytes, &lifecycle.Policy{KeepLast: 2, KeepInUse: true}, values.NumbersOf([]int64{1, 3}), values.NumbersOf([]int64{1, 3}),
			[]string{`Retention (keep_last = 2) no longer keeps them.`, "Versions that a function uses are kept."}},
		"no publish": {lifecycle.None, &lifecycle.Policy{KeepLast: 2}, types.ListNull(types.Int64Type), values.NumbersOf([]int64{1}), nil},
		"ages": {lifecycle.NewBytes, &lifecycle.Policy{MaxAge: 30 * day}, values.NumbersOf(nil), unknown,
			[]string{"An apply now would delete version 3."}},
		"no policy any more": {lifecycle.NewBytes, nil, values.NumbersOf([]int64{1}), values.NumbersOf(nil), nil},
		"the whole layer":    {lifecycle.NewBytes, &lifecycle.Policy{KeepLast: 1, WholeLayer: true}, values.NumbersOf(nil), unknown, nil},
	} {
		m := &versionstate.Model{LayerName: types.StringValue("deps"), Replicas: types.MapNull(versionstate.ReplicaType())}
		r := &versionResource{toolbox.Resource{Tools: &toolbox.Tools{Now: func() time.Time { return noon }}}}
		var diags diag.Diagnostics
		planRetention(t.Context(), r.Tools, planOf(c.publish, c.policy, c.before), m, &diags)
		if !m.RetiringVersions.Equal(c.want) {
			t.Errorf("%s: %s goes, want %s", name, m.RetiringVersions, c.want)
		}
		said := len(diags) == 1 && diags[0].Severity() == diag.SeverityWarning
		for _, part := range c.says {
			said = said && strings.Contains(diags[0].Detail(), part)
		}
		if len(c.says) == 0 && len(diags) > 0 || len(c.says) > 0 && !said {
			t.Errorf("%s: says %v, want %q", name, diags, c.says)
		}
	}
}
