package wheel

import (
	"cmp"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep508"
)

// Bringing says what to require so that a module is there, as far as a METADATA
// file tells: the extra of the distribution that brings it, or else the
// distribution that is taken to, by the name of the module.
type Bringing struct {
	// Distribution is a requirement, such as "aws-xray-sdk".
	Distribution string
	// Extra is such as "aws-lambda-powertools[tracer]", "" where none brings it.
	Extra string
}

// WhoBrings reads who brings a top-level module from the METADATA of the
// distribution that imports it, for a target. Of several extras it takes the one
// that brings least. metadata may be empty.
func WhoBrings(module string, metadata []byte, t Target) Bringing {
	name := pep508.NormalizeName(module)
	known := cmp.Or(importedFrom()[name], name)
	b := Bringing{Distribution: known}
	m, err := ParseMetadata(metadata)
	if err != nil {
		return b
	}
	least := 0
	for _, extra := range m.ProvidesExtra {
		brought, has := 0, false
		for _, r := range m.RequiresDist {
			if r.Marker == nil || r.Marker.Eval(t.Env(), "") || !r.Marker.Eval(t.Env(), extra) {
				continue
			}
			brought++
			if r.Name == name || r.Name == pep508.NormalizeName(known) {
				has = true
			}
		}
		if has && (b.Extra == "" || brought < least) {
			b.Extra, least = pep508.NormalizeName(m.Name)+"["+extra+"]", brought
		}
	}
	return b
}
