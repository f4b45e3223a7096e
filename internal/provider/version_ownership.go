package provider

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

// ownership lists, by region, what a resource published itself or was given by
// an import. Only that does it ever delete: a version that it took over may be
// another resource's. It is kept in the private state.
type ownership struct {
	Places map[string]*holdings `json:"places,omitempty"`
	// FoundSharing is set where an import found the state's sharing and no
	// apply made it the resource's own: leaving it out revokes nothing.
	FoundSharing bool `json:"found_sharing,omitempty"`
	// UnsettledSharing is set where a change of the sharing did not reach every
	// version: the next apply goes through all of them.
	UnsettledSharing bool `json:"unsettled_sharing,omitempty"`
}

// holdings is what a resource owns in one region.
type holdings struct {
	// LayerARN is the layer's, without a version.
	LayerARN string `json:"layer_arn,omitempty"`
	// Versions are those that the resource published, in that order.
	Versions []ownedVersion `json:"versions,omitempty"`
	// Others are further versions of the layer as the last refresh saw them,
	// where retention covers the whole layer.
	Others []ownedVersion `json:"others,omitempty"`
	// Whole is set where Others has been looked at.
	Whole bool `json:"whole,omitempty"`
	// Seen is the midnight before the last refresh, where retention counts
	// ages: what a plan takes for now.
	Seen time.Time `json:"seen,omitzero"`
	// Behind is set where a version was published, or the policy was changed, and
	// retention did not come to run since something failed before: the next
	// apply makes up for it.
	Behind bool `json:"behind,omitempty"`
	// Parameter is the SSM parameter that the resource wrote; nil for none.
	Parameter *ownedParameter `json:"parameter,omitempty"`
}

// ownedVersion is a version, and when it was published; a zero time is not
// known.
type ownedVersion struct {
	Number  int64     `json:"number"`
	Created time.Time `json:"created,omitzero"`
}

// ownedParameter is a parameter that was written, with its value.
type ownedParameter struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// ownershipKey names the record in the private state.
const ownershipKey = "ownership"

type privateReader interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
}

type privateWriter interface {
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

// readOwnership returns the record of a resource whose state is m. Records of
// old have the numbers of one region alone, without dates. Where Terraform
// replaces a resource it does not hand its private state to the destroy: then
// the state itself must do.
func readOwnership(ctx context.Context, private privateReader, m *versionModel) (ownership, diag.Diagnostics) {
	o := ownership{Places: map[string]*holdings{}}
	body, diags := private.GetKey(ctx, ownershipKey)
	if len(body) == 0 || diags.HasError() {
		o.restore(ctx, m, &diags)
		return o, diags
	}
	record := struct {
		ownership
		Published []int64 `json:"published"`
	}{ownership: o}
	if err := json.Unmarshal(body, &record); err != nil {
		diags.AddError("Unusable private state", sentence("reading which versions were published: "+err.Error()))
		return o, diags
	}
	if record.Places != nil {
		o = record.ownership
	}
	if len(record.Published) > 0 {
		h := o.of(m.homeRegion())
		h.LayerARN = m.homeLayerARN()
		for _, n := range record.Published {
			h.add(n, time.Time{})
		}
	}
	return o, diags
}

// restore fills in what the state tells of the ownership.
func (o *ownership) restore(ctx context.Context, m *versionModel, diags *diag.Diagnostics) {
	published := map[string][]int64{}
	if !m.PublishedVersions.IsNull() && !m.PublishedVersions.IsUnknown() {
		diags.Append(m.PublishedVersions.ElementsAs(ctx, &published, false)...)
	}
	arns := m.releases(ctx, diags)
	for region, numbers := range published {
		h := o.of(region)
		h.LayerARN = m.layerARNIn(ctx, region, diags)
		for _, n := range numbers {
			h.add(n, time.Time{})
		}
	}
	if p := m.parameterOf(ctx, diags); p != nil {
		for region, r := range arns {
			if r.ARN != "" {
				o.of(region).Parameter = &ownedParameter{p.Name.ValueString(), r.ARN}
			}
		}
	}
}

// published returns the numbers of the versions by region, as the state has
// them.
func (o *ownership) published() types.Map {
	of := types.ListType{ElemType: types.Int64Type}
	lists := map[string]attr.Value{}
	for region, h := range o.Places {
		var owned []int64
		for _, v := range h.Versions {
			owned = append(owned, v.Number)
		}
		if len(owned) > 0 {
			lists[region] = numbersOf(owned)
		}
	}
	return types.MapValueMust(of, lists)
}

// hasParameter reports whether the resource has written a parameter anywhere.
func (o *ownership) hasParameter() bool {
	for _, h := range o.Places {
		if h.Parameter != nil {
			return true
		}
	}
	return false
}

// of returns what is owned in a region, to be changed.
func (o *ownership) of(region string) *holdings {
	if o.Places[region] == nil {
		o.Places[region] = &holdings{}
	}
	return o.Places[region]
}

// add notes a version. A date that was not known is filled in.
func (h *holdings) add(number int64, created time.Time) {
	at := slices.IndexFunc(h.Versions, func(v ownedVersion) bool { return v.Number == number })
	switch {
	case at < 0:
		h.Versions = append(h.Versions, ownedVersion{number, created})
	case h.Versions[at].Created.IsZero():
		h.Versions[at].Created = created
	}
}

// forget drops versions that are no more.
func (h *holdings) forget(numbers ...int64) {
	gone := func(v ownedVersion) bool { return slices.Contains(numbers, v.Number) }
	h.Versions, h.Others = slices.DeleteFunc(h.Versions, gone), slices.DeleteFunc(h.Others, gone)
}

func (o *ownership) write(ctx context.Context, private privateWriter) diag.Diagnostics {
	maps.DeleteFunc(o.Places, func(region string, h *holdings) bool {
		return region == "" || len(h.Versions)+len(h.Others) == 0 && h.Parameter == nil
	})
	body, err := json.Marshal(o)
	if err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic("Unusable private state", sentence(err.Error()))}
	}
	return private.SetKey(ctx, ownershipKey, body)
}

// createdAt reads a date in the form of AWS; one that cannot be read is not
// known.
func createdAt(date string) time.Time {
	t, err := time.Parse("2006-01-02T15:04:05.000-0700", date)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// importedOwnership returns the record of a version that an import gives to a resource.
func importedOwnership(arn publish.LayerVersionARN) ownership {
	o := ownership{Places: map[string]*holdings{}}
	h := o.of(arn.Region)
	h.LayerARN = arn.LayerARN()
	h.add(arn.Number, time.Time{})
	return o
}
