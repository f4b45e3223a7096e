package versionstate

import (
	"context"
	"encoding/json"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lifecycle"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/toolbox"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/values"
)

// This file translates between a lifecycle.Life and what Terraform keeps of it.
// The state has what a destroy needs: Terraform does not hand the private state
// to that of a replacement. The rest is a record in the private state.

// recordKey names the record in the private state.
const recordKey = "life"

// record is the part of a Life that the state does not show.
type record struct {
	lifecycle.Life
	Places map[string]placeRecord `json:"places,omitempty"`
}

// placeRecord is the part of a lifecycle.Place that the state does not show.
type placeRecord struct {
	Created map[int64]time.Time `json:"created,omitempty"` // of owned versions
	lifecycle.Place
}

// ReadLife returns what a resource has whose state is m.
func ReadLife(ctx context.Context, private toolbox.PrivateReader, m *Model) (*lifecycle.Life, diag.Diagnostics) {
	life := &lifecycle.Life{}
	body, diags := private.GetKey(ctx, recordKey)
	for region, r := range m.Releases(ctx, &diags) {
		if region != "" {
			life.At(region).Release = r
		}
	}
	published := map[string][]int64{}
	if !m.PublishedVersions.IsNull() && !m.PublishedVersions.IsUnknown() {
		diags.Append(m.PublishedVersions.ElementsAs(ctx, &published, false)...)
	}
	for region, numbers := range published {
		for _, n := range numbers {
			life.At(region).Own(n, time.Time{})
		}
	}
	if diags.HasError() {
		return life, diags
	}
	var kept record
	if len(body) > 0 {
		if err := json.Unmarshal(body, &kept); err != nil {
			diags.AddError("Unusable private state", diagnostic.Sentence("reading the record of the versions: "+err.Error()))
			return life, diags
		}
	}
	places := life.Places
	*life = kept.Life
	life.Places = places
	if len(body) == 0 || kept.Holder == "" && len(kept.Seen) > 0 { // the destroy of what is replaced has what the plan of the replacement knew, and no more
		m.guessParameter(ctx, life, &diags)
		return life, diags
	}
	for region, part := range kept.Places {
		p := life.At(region)
		part.Release, part.Owned = p.Release, p.Owned
		*p = part.Place
		for number, created := range part.Created {
			p.Date(number, created)
		}
	}
	return life, diags
}

// guessParameter takes the parameter of the arguments to be the one that was
// written, with the version that the state has.
func (m *Model) guessParameter(ctx context.Context, life *lifecycle.Life, diags *diag.Diagnostics) {
	argument := m.Parameter(ctx, diags)
	if argument == nil {
		return
	}
	for _, p := range life.Places {
		if p.Release.ARN != "" {
			p.Parameter = lifecycle.Parameter{Name: argument.Name.ValueString(), Value: p.Release.ARN}
		}
	}
}

// WriteLife keeps the record of a resource, or what the plan of a replacement
// knows.
func WriteLife(ctx context.Context, life *lifecycle.Life, private toolbox.PrivateWriter) diag.Diagnostics {
	kept := record{Life: *life, Places: map[string]placeRecord{}}
	for region, p := range life.Places {
		if region == "" || p.Empty() && len(p.Others) == 0 {
			continue
		}
		part := placeRecord{Place: *p, Created: map[int64]time.Time{}}
		for _, v := range p.Owned {
			if !v.Created.IsZero() {
				part.Created[v.Number] = v.Created
			}
		}
		kept.Places[region] = part
	}
	body, err := json.Marshal(kept)
	if err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic("Unusable private state", diagnostic.Sentence(err.Error()))}
	}
	return private.SetKey(ctx, recordKey, body)
}

// Published returns the numbers of the owned versions by region, as the state
// has them.
func Published(life *lifecycle.Life) types.Map {
	lists := map[string]attr.Value{}
	for region, p := range life.Places {
		if numbers := p.Numbers(); region != "" && len(numbers) > 0 {
			lists[region] = values.NumbersOf(numbers)
		}
	}
	return types.MapValueMust(types.ListType{ElemType: types.Int64Type}, lists)
}
