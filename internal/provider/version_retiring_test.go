package provider

import (
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// policyOf returns a retention argument; 0 and "" are null, -1 is unknown.
func policyOf(keepLast, maxAgeDays int64, scope string) types.Object {
	number := func(n int64) attr.Value {
		switch n {
		case 0:
			return types.Int64Null()
		case -1:
			return types.Int64Unknown()
		}
		return types.Int64Value(n)
	}
	return types.ObjectValueMust(map[string]attr.Type{
		"keep_last": types.Int64Type, "max_age_days": types.Int64Type, "keep_in_use": types.BoolType,
		"on_destroy": types.StringType, "scope": types.StringType,
	}, map[string]attr.Value{
		"keep_last": number(keepLast), "max_age_days": number(maxAgeDays), "keep_in_use": types.BoolUnknown(),
		"on_destroy": types.StringUnknown(), "scope": textOrNull(scope),
	})
}

// TestRetiringIsTheSameAtPlanAndApply runs the plan twice, years apart, as a
// saved plan that is applied late does: only the record counts.
func TestRetiringIsTheSameAtPlanAndApply(t *testing.T) {
	t.Parallel()
	seen := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	aged := func(number int64, days int) ownedVersion {
		return ownedVersion{number, seen.Add(-time.Duration(days) * day)}
	}
	mine := []ownedVersion{aged(1, 90), aged(3, 30), {Number: 4}, aged(5, 2)}
	for name, c := range map[string]struct {
		policy types.Object
		has    holdings
		want   types.List
		warns  string
	}{
		"none":                          {types.ObjectNull(nil), holdings{Versions: mine}, numbersOf(nil), ""},
		"unknown":                       {types.ObjectUnknown(nil), holdings{Versions: mine}, types.ListUnknown(types.Int64Type), ""},
		"unknown number":                {policyOf(-1, 0, ""), holdings{Versions: mine}, types.ListUnknown(types.Int64Type), ""},
		"keep_last":                     {policyOf(3, 0, ""), holdings{Versions: mine}, numbersOf([]int64{1, 3}), ""},
		"age":                           {policyOf(0, 30, ""), holdings{Versions: mine, Seen: seen}, numbersOf([]int64{1, 3}), ""},
		"age and number":                {policyOf(2, 60, ""), holdings{Versions: mine, Seen: seen}, numbersOf([]int64{1, 3, 4}), ""},
		"age, not looked at":            {policyOf(0, 30, ""), holdings{Versions: mine}, types.ListUnknown(types.Int64Type), "An apply now would give up versions 1, 3 and 5."},
		"age, and nothing to go by age": {policyOf(1, 30, ""), holdings{Versions: mine}, numbersOf([]int64{1, 3, 4, 5}), ""},
		"age, and nothing there":        {policyOf(0, 30, ""), holdings{}, numbersOf(nil), ""},
		"whole layer, not looked at":    {policyOf(9, 0, scopeLayer), holdings{Versions: mine}, types.ListUnknown(types.Int64Type), ""},
		"whole layer":                   {policyOf(4, 0, scopeLayer), holdings{Versions: mine, Whole: true, Others: []ownedVersion{aged(2, 40), aged(6, 1)}}, numbersOf([]int64{1, 2, 3}), ""},
		"others, and own alone":         {policyOf(4, 0, scopePublished), holdings{Versions: mine, Whole: true, Others: []ownedVersion{aged(2, 40), aged(6, 1)}}, numbersOf([]int64{1}), ""},
	} {
		for _, now := range []time.Time{seen.Add(31 * day), seen.AddDate(5, 0, 0)} {
			r := &versionResource{tools: &toolbox{now: func() time.Time { return now }}}
			m := &versionModel{
				Region: types.StringValue(region), ARN: types.StringUnknown(), Retention: c.policy,
				Replicas: types.MapNull(replicaType()),
			}
			var diags diag.Diagnostics
			r.planRetention(t.Context(), m, &versionModel{}, &ownership{Places: map[string]*holdings{region: &c.has}}, &diags)
			if !m.RetiringVersions.Equal(c.want) {
				t.Errorf("%s, at %s: %s goes, want %s", name, now.Format(time.DateOnly), m.RetiringVersions, c.want)
			}
			warned := len(diags) == 1 && diags[0].Severity() == diag.SeverityWarning && strings.Contains(diags[0].Detail(), c.warns)
			if (c.warns != "") != warned || len(diags) > 1 {
				t.Errorf("%s: says %v, want a warning %q", name, diags, c.warns)
			}
		}
	}
}

// TestPlanNamesWhatGoesAlthoughItIsTheSame is about versions that stayed before,
// as a function used them: the plan of Terraform hides a list that is as it was.
func TestPlanNamesWhatGoesAlthoughItIsTheSame(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before types.List
		want   string // a summary; "" is none
	}{
		"the same":       {numbersOf([]int64{1, 3}), `To be deleted of layer "deps": versions 1 and 3`},
		"others":         {numbersOf([]int64{1}), ""},
		"a state of old": {types.ListNull(types.Int64Type), ""},
	} {
		before := &versionModel{Retention: policyOf(2, 0, ""), RetiringVersions: c.before}
		m := &versionModel{
			LayerName: types.StringValue("deps"), Region: types.StringValue(region), ARN: types.StringUnknown(), Retention: before.Retention,
			Replicas: types.MapNull(replicaType()),
		}
		owned := &ownership{Places: map[string]*holdings{region: {Versions: []ownedVersion{{Number: 1}, {Number: 3}, {Number: 4}}}}}
		var diags diag.Diagnostics
		(&versionResource{}).planRetention(t.Context(), m, before, owned, &diags)
		var got string
		for _, d := range diags {
			got += d.Summary()
		}
		if got != c.want || !m.RetiringVersions.Equal(numbersOf([]int64{1, 3})) {
			t.Errorf("%s: %s goes, saying %q, want versions 1 and 3, saying %q", name, m.RetiringVersions, got, c.want)
		}
	}
}
