package versionstate

import (
	"context"
	"crypto/rand"
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
	Holder        string                 `json:"holder,omitempty"`
	SharingFound  bool                   `json:"sharing_found,omitempty"`
	SharingUnread bool                   `json:"sharing_unread,omitempty"`
	Places        map[string]placeRecord `json:"places,omitempty"`

	// Seen travels with a plan to its apply: see lifecycle.Witness.
	Seen   map[string]lifecycle.Witness `json:"seen,omitempty"`
	Ending lifecycle.Ending             `json:"ending,omitzero"`
}

// placeRecord is the part of a lifecycle.Place that the state does not show.
type placeRecord struct {
	Created   map[int64]time.Time `json:"created,omitempty"` // of owned versions
	Others    []lifecycle.Mark    `json:"others,omitempty"`
	Listed    bool                `json:"listed,omitempty"`
	Seen      time.Time           `json:"seen,omitzero"`
	Parameter *parameterRecord    `json:"parameter,omitempty"`
	ShareDue  bool                `json:"share_due,omitempty"`
	RetireDue bool                `json:"retire_due,omitempty"`
	InUse     map[int64][]string  `json:"in_use,omitempty"`
	Freed     []int64             `json:"freed,omitempty"`

	Threatened bool `json:"threatened,omitempty"`
}

type parameterRecord struct {
	Name  string `json:"name"`
	Value string `json:"value"`
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
	life.Seen, life.Ending = kept.Seen, kept.Ending
	if len(body) == 0 || kept.Holder == "" && len(kept.Seen) > 0 { // the destroy of what is replaced has what the plan of the replacement knew, and no more
		m.guessParameter(ctx, life, &diags)
		return life, diags
	}
	life.Holder, life.SharingFound, life.SharingUnread = kept.Holder, kept.SharingFound, kept.SharingUnread
	for region, part := range kept.Places {
		part.restore(life.At(region))
	}
	return life, diags
}

// restore fills in what the record has of a place.
func (part placeRecord) restore(p *lifecycle.Place) {
	for number, created := range part.Created {
		p.Date(number, created)
	}
	for _, other := range part.Others {
		p.Others = append(p.Others, lifecycle.Version(other))
	}
	p.Listed, p.Seen, p.InUse, p.Freed = part.Listed, part.Seen, part.InUse, part.Freed
	if part.Parameter != nil {
		p.Parameter = lifecycle.Parameter(*part.Parameter)
	}
	p.Unfinished = lifecycle.Unfinished{Share: part.ShareDue, Retire: part.RetireDue}
	p.Threatened = part.Threatened
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
	kept := record{Holder: life.Holder, SharingFound: life.SharingFound, SharingUnread: life.SharingUnread, Places: map[string]placeRecord{}, Seen: life.Seen, Ending: life.Ending}
	for region, p := range life.Places {
		if region == "" || p.Empty() && len(p.Others) == 0 {
			continue
		}
		part := placeRecord{Listed: p.Listed, Seen: p.Seen, ShareDue: p.Unfinished.Share, RetireDue: p.Unfinished.Retire, Threatened: p.Threatened, InUse: p.InUse, Freed: p.Freed}
		for _, v := range p.Owned {
			if v.Created.IsZero() {
				continue
			}
			if part.Created == nil {
				part.Created = map[int64]time.Time{}
			}
			part.Created[v.Number] = v.Created
		}
		for _, v := range p.Others {
			part.Others = append(part.Others, lifecycle.Mark(v))
		}
		if p.Parameter.Name != "" {
			written := parameterRecord(p.Parameter)
			part.Parameter = &written
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

// NewHolder returns a name for a resource in the registers of its layers.
func NewHolder() string { return rand.Text() }
