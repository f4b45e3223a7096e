package wheel

import (
	"cmp"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep508"
)

// Bringing says what to require so that a module is there, as far as a METADATA
// file tells: the extra of the distribution that brings it, or else the
// distribution that is guessed from the name of the module.
type Bringing struct {
	// Distribution is a requirement, such as "aws-xray-sdk".
	Distribution string
	// Extra is such as "aws-lambda-powertools[tracer]", "" where none brings it.
	Extra string
}

// spaces are packages that many distributions share.
var spaces = []string{"azure", "backports", "google", "jaraco", "ruamel", "zope"}

// WhoBrings reads who brings a module, by its dotted name, from the METADATA of the
// distribution that imports it, for a target. Of several extras it takes the one
// that brings least. metadata may be empty.
func WhoBrings(module string, metadata []byte, t Target) Bringing {
	first, _, _ := strings.Cut(module, ".")
	name := pep508.NormalizeName(first)
	known := cmp.Or(importedFrom()[name], name)
	names := []string{name, pep508.NormalizeName(known)}
	for at := module; strings.Contains(at, "."); at = at[:strings.LastIndexByte(at, '.')] {
		names = append(names, pep508.NormalizeName(at))
	}
	b := Bringing{Distribution: known}
	if slices.Contains(spaces, first) {
		parts := strings.Split(module, ".")
		b.Distribution = strings.Join(parts[:min(3, len(parts))], "-")
	}
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
			has = has || slices.Contains(names, r.Name)
		}
		if has && (b.Extra == "" || brought < least) {
			b.Extra, least = pep508.NormalizeName(m.Name)+"["+extra+"]", brought
		}
	}
	return b
}
