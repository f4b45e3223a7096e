package sbom

import (
	"bytes"
	"fmt"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// propertyPrefix begins the names of our properties ("CycloneDX Property Taxonomy").
const propertyPrefix = "layerbuild:"

// tool is what made the document. It has no version: a newer one writes the same
// bytes for the same zip.
const tool = "terraform-provider-layerbuild"

// Mark is in every document that this package writes.
const Mark = tool

// cycloneDX returns the bill as CycloneDX 1.6 (ECMA-424).
func (b *Bill) cycloneDX() (string, error) {
	parts, refs := b.sorted()
	doc := cdx.NewBOM()
	doc.SerialNumber = "urn:uuid:" + b.uuid(FormatCycloneDX)
	doc.Metadata = &cdx.Metadata{
		Tools:     &cdx.ToolsChoice{Components: &[]cdx.Component{{Type: cdx.ComponentTypeApplication, Group: "layerbuild", Name: tool}}},
		Component: b.component(),
	}
	components := []cdx.Component{}
	dependencies := []cdx.Dependency{dependency(b.ref(), needed(asked(parts), refs))}
	for i := range parts {
		c := parts[i].component()
		c.BOMRef = refs[parts[i].Key()]
		components = append(components, c)
		dependencies = append(dependencies, dependency(c.BOMRef, needed(parts[i].Needs, refs)))
	}
	doc.Components, doc.Dependencies = &components, &dependencies
	var text bytes.Buffer
	if err := cdx.NewBOMEncoder(&text, cdx.BOMFileFormatJSON).SetEscapeHTML(false).EncodeVersion(doc, cdx.SpecVersion1_6); err != nil {
		return "", fmt.Errorf("writing the bill of materials: %w", err)
	}
	return strings.TrimSuffix(text.String(), "\n"), nil
}

// component describes the zip itself.
func (b *Bill) component() *cdx.Component {
	c := &cdx.Component{
		BOMRef: b.ref(), Type: cdx.ComponentTypeApplication, Name: b.name(), Version: shortDigest(b.SHA256),
		Hashes: &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: b.SHA256}},
	}
	c.Properties = properties("runtimes", strings.Join(b.Runtimes, " "), "architectures", strings.Join(b.Architectures, " "))
	return c
}

// shortDigest is how a zip is called where it has no version.
func shortDigest(hex string) string { return hex[:min(12, len(hex))] }

func dependency(ref string, needs []string) cdx.Dependency {
	d := cdx.Dependency{Ref: ref}
	if len(needs) > 0 {
		d.Dependencies = &needs
	}
	return d
}

// component describes a part.
func (p *Part) component() cdx.Component {
	c := cdx.Component{Type: cdx.ComponentTypeLibrary, Name: p.Name, Version: p.Version, Description: p.Description, PackageURL: p.purl(), Scope: cdx.ScopeRequired}
	switch p.Kind {
	case KindNodeJS:
		if scope, rest, ok := strings.Cut(p.Name, "/"); ok && strings.HasPrefix(scope, "@") {
			c.Group, c.Name = scope, rest
		}
	case KindFile, KindDownload:
		c.Type = cdx.ComponentTypeFile
	case KindImage:
		c.Type = cdx.ComponentTypeContainer
	}
	c.Licenses = p.Licence.choices()
	c.Hashes, c.ExternalReferences = p.digests()
	c.Properties = properties("input", p.Input, "asked", flag(p.Asked), "vendored", flag(p.Vendored))
	var places []cdx.EvidenceOccurrence
	for _, place := range p.Places {
		places = append(places, cdx.EvidenceOccurrence{Location: place})
	}
	if len(places) > 0 {
		c.Evidence = &cdx.Evidence{Occurrences: &places}
	}
	return c
}

// digests returns what the part was made of. Where that is one file, its digest is
// that of the part.
func (p *Part) digests() (*[]cdx.Hash, *[]cdx.ExternalReference) {
	var own []cdx.Hash
	var files []cdx.ExternalReference
	for _, s := range p.Sources {
		hash := []cdx.Hash{{Algorithm: cdx.HashAlgorithm(s.Algorithm), Value: s.Digest}}
		if len(p.Sources) == 1 {
			own = hash
		}
		if s.URL != "" {
			files = append(files, cdx.ExternalReference{Type: cdx.ERTypeDistribution, URL: s.URL, Hashes: &hash})
		}
	}
	if p.Digest != "" {
		own = []cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: p.Digest}}
	}
	return some(own), some(files)
}

// some returns a list, or nil for an empty one.
func some[T any](list []T) *[]T {
	if len(list) == 0 {
		return nil
	}
	return &list
}

// choices returns the licence as the package declares it.
func (l Licence) choices() *cdx.Licenses {
	declared := cdx.LicenseAcknowledgementDeclared
	expression, names := l.read()
	switch {
	case simple(expression):
		return &cdx.Licenses{{License: &cdx.License{ID: expression, Acknowledgement: declared}}}
	case expression != "":
		return &cdx.Licenses{{Expression: expression, Acknowledgement: &declared}}
	case len(names) == 0:
		return nil
	}
	var all cdx.Licenses
	for _, name := range names {
		all = append(all, cdx.LicenseChoice{License: &cdx.License{Name: name, Acknowledgement: declared}})
	}
	return &all
}

// flag is the value of a property that is there or not.
func flag(set bool) string {
	if set {
		return "true"
	}
	return ""
}

// properties returns those of the pairs of names and values that have a value.
func properties(pairs ...string) *[]cdx.Property {
	var all []cdx.Property
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			all = append(all, cdx.Property{Name: propertyPrefix + pairs[i], Value: pairs[i+1]})
		}
	}
	return some(all)
}
