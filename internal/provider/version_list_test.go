package provider

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// list asks the provider for its layers as "terraform query" does, and returns a
// line for each result, or what went wrong.
func (h *history) list(limit int64, include bool, given map[string]tftypes.Value) (lines []string) {
	h.Helper()
	server, err := h.core.start(h.Context())
	if err != nil {
		h.Fatal(err)
	}
	schemas, err := server.GetProviderSchema(h.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		h.Fatal(err)
	}
	kind := schemas.ListResourceSchemas["layerbuild_version"].ValueType().(tftypes.Object)
	config, err := tfprotov6.NewDynamicValue(kind, object(kind, given))
	if err != nil {
		h.Fatal(err)
	}
	stream, err := server.(tfprotov6.ListResourceServer).ListResource(h.Context(), &tfprotov6.ListResourceRequest{TypeName: "layerbuild_version", Config: &config, IncludeResource: include, Limit: limit})
	if err != nil {
		h.Fatal(err)
	}
	for r := range stream.Results {
		line := ""
		for _, d := range r.Diagnostics {
			line += d.Summary
		}
		if r.Identity != nil {
			value, err := r.Identity.IdentityData.Unmarshal(tftypes.Object{AttributeTypes: map[string]tftypes.Type{"account_id": tftypes.String, "region": tftypes.String, "layer_name": tftypes.String}})
			if err != nil {
				h.Fatal(err)
			}
			fields := map[string]tftypes.Value{}
			if err := value.As(&fields); err != nil {
				h.Fatal(err)
			}
			for _, name := range []string{"account_id", "region", "layer_name"} {
				var text string
				if err := fields[name].As(&text); err != nil {
					h.Fatal(err)
				}
				line += text + " "
			}
		}
		if r.Resource != nil {
			value, err := r.Resource.Unmarshal(h.core.kind())
			if err != nil {
				h.Fatal(err)
			}
			fields, err := h.core.attributes(value)
			if err != nil {
				h.Fatal(err)
			}
			var arn string
			if err := fields["arn"].As(&arn); err != nil {
				h.Fatal(err)
			}
			line += arn
		}
		lines = append(lines, strings.TrimSpace(line))
	}
	return lines
}

// TestQueryListsLayers lists more layers than a page holds, by prefix, up to a
// limit, elsewhere, with resources, and where it may not.
func TestQueryListsLayers(t *testing.T) {
	t.Parallel()
	h := newHistory(t, 1)
	for n := range 60 {
		h.publishOutside(region, fmt.Sprintf("bulk-%02d", n), zipOf(t, "python/a.py", "A = 1\n"), nil)
	}
	h.publishOutside(second, "other", zipOf(t, "python/a.py", "A = 1\n"), nil)
	account := strings.Split(layerARN, ":")[4]
	if got := h.list(0, false, nil); len(got) != 60 || got[0] != account+" "+region+" bulk-00" || got[59] != account+" "+region+" bulk-59" {
		t.Errorf("got %d: %q", len(got), got)
	}
	if got := h.list(2, false, map[string]tftypes.Value{"name_prefix": h.text("bulk-5")}); !slices.Equal(got, []string{account + " " + region + " bulk-50", account + " " + region + " bulk-51"}) {
		t.Errorf("by prefix and limit: %q", got)
	}
	if got, want := h.list(0, true, map[string]tftypes.Value{"region": h.text(second)}), account+" "+second+" other arn:aws:lambda:"+second+":"+account+":layer:other:1"; len(got) != 1 || got[0] != want {
		t.Errorf("elsewhere: %q, want %q", got, want)
	}
	h.aws.Inject(refused("ListLayers", region))
	if got := h.list(0, false, nil); !slices.Equal(got, []string{"A permission is missing: lambda:ListLayers"}) {
		t.Errorf("refused: %q", got)
	}
}
