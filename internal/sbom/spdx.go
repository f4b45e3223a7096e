package sbom

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// The SPDX document ("SPDX Specification 2.3", clauses 6, 7 and 11), as far as a
// bill fills it.
type (
	spdxDocument struct {
		SPDXVersion       string             `json:"spdxVersion"`
		DataLicense       string             `json:"dataLicense"`
		SPDXID            string             `json:"SPDXID"`
		Name              string             `json:"name"`
		DocumentNamespace string             `json:"documentNamespace"`
		CreationInfo      spdxCreation       `json:"creationInfo"`
		DocumentDescribes []string           `json:"documentDescribes"`
		Packages          []spdxPackage      `json:"packages"`
		Relationships     []spdxRelationship `json:"relationships"`
	}
	spdxCreation struct {
		Created  string   `json:"created"`
		Creators []string `json:"creators"`
		Comment  string   `json:"comment"`
	}
	spdxPackage struct {
		SPDXID                string         `json:"SPDXID"`
		Name                  string         `json:"name"`
		VersionInfo           string         `json:"versionInfo,omitempty"`
		InShort               string         `json:"summary,omitempty"`
		DownloadLocation      string         `json:"downloadLocation"`
		FilesAnalyzed         bool           `json:"filesAnalyzed"`
		LicenseConcluded      string         `json:"licenseConcluded"`
		LicenseDeclared       string         `json:"licenseDeclared"`
		LicenseComments       string         `json:"licenseComments,omitempty"`
		CopyrightText         string         `json:"copyrightText"`
		PrimaryPackagePurpose string         `json:"primaryPackagePurpose"`
		Checksums             []spdxChecksum `json:"checksums,omitempty"`
		ExternalRefs          []spdxRef      `json:"externalRefs,omitempty"`
		Comment               string         `json:"comment,omitempty"`
	}
	spdxChecksum struct {
		Algorithm     string `json:"algorithm"`
		ChecksumValue string `json:"checksumValue"`
	}
	spdxRef struct {
		ReferenceCategory string `json:"referenceCategory"`
		ReferenceType     string `json:"referenceType"`
		ReferenceLocator  string `json:"referenceLocator"`
	}
	spdxRelationship struct {
		SPDXElementID      string `json:"spdxElementId"`
		RelationshipType   string `json:"relationshipType"`
		RelatedSPDXElement string `json:"relatedSpdxElement"`
	}
)

const (
	spdxRoot    = "SPDXRef-Layer"
	noAssertion = "NOASSERTION"
	// spdxCreated stands for the moment that the specification asks for, as in
	// builds that can be repeated: the earliest that a zip can hold.
	spdxCreated = "1980-01-01T00:00:00Z"
)

// spdx returns the bill as SPDX 2.3.
func (b *Bill) spdx() (string, error) {
	parts, refs := b.sorted()
	ids := map[string]string{}
	doc := spdxDocument{
		SPDXVersion: "SPDX-2.3", DataLicense: "CC0-1.0", SPDXID: "SPDXRef-DOCUMENT",
		Name: b.name() + "-" + shortDigest(b.SHA256), DocumentNamespace: about + "/sbom/spdx/" + b.uuid(FormatSPDX),
		CreationInfo:      spdxCreation{Created: spdxCreated, Creators: []string{"Tool: " + tool}, Comment: "The date is a fixed one: equal zips have equal documents."},
		DocumentDescribes: []string{spdxRoot},
		Packages: []spdxPackage{{
			SPDXID: spdxRoot, Name: b.name(), VersionInfo: shortDigest(b.SHA256), DownloadLocation: noAssertion,
			LicenseConcluded: noAssertion, LicenseDeclared: noAssertion, CopyrightText: noAssertion, PrimaryPackagePurpose: "ARCHIVE",
			Checksums: []spdxChecksum{{"SHA256", b.SHA256}},
		}},
		Relationships: []spdxRelationship{{"SPDXRef-DOCUMENT", "DESCRIBES", spdxRoot}},
	}
	for i := range parts {
		ids[refs[parts[i].Key()]] = fmt.Sprintf("SPDXRef-%d", i+1)
	}
	relate := func(from, kind string, to []string) {
		for _, ref := range to {
			doc.Relationships = append(doc.Relationships, spdxRelationship{from, kind, ids[ref]})
		}
	}
	for i := range parts {
		p := parts[i].spdxPackage()
		p.SPDXID = ids[refs[parts[i].Key()]]
		doc.Packages = append(doc.Packages, p)
		relate(spdxRoot, "CONTAINS", []string{refs[parts[i].Key()]})
	}
	relate(spdxRoot, "DEPENDS_ON", needed(asked(parts), refs))
	for i := range parts {
		relate(ids[refs[parts[i].Key()]], "DEPENDS_ON", needed(parts[i].Needs, refs))
	}
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	if err := e.Encode(doc); err != nil {
		return "", fmt.Errorf("writing the bill of materials: %w", err)
	}
	return strings.TrimSuffix(text.String(), "\n"), nil
}

// spdxPackage describes a part.
func (p *Part) spdxPackage() spdxPackage {
	s := spdxPackage{
		Name: p.Name, VersionInfo: p.Version, InShort: p.Description, DownloadLocation: noAssertion,
		LicenseConcluded: noAssertion, LicenseDeclared: noAssertion, CopyrightText: noAssertion, PrimaryPackagePurpose: "LIBRARY",
	}
	switch p.Kind {
	case KindFile, KindDownload:
		s.PrimaryPackagePurpose = "FILE"
	case KindImage:
		s.PrimaryPackagePurpose = "CONTAINER"
	}
	expression, names := p.Licence.read()
	if expression != "" {
		s.LicenseDeclared = expression
	} else {
		s.LicenseComments = strings.Join(names, "; ")
	}
	if url := p.purl(); url != "" {
		s.ExternalRefs = []spdxRef{{"PACKAGE-MANAGER", "purl", url}}
	}
	if len(p.Sources) == 1 {
		s.Checksums = []spdxChecksum{{strings.ReplaceAll(p.Sources[0].Algorithm, "-", ""), p.Sources[0].Digest}}
		if p.Sources[0].URL != "" {
			s.DownloadLocation = p.Sources[0].URL
		}
	} else if len(p.Sources) > 1 {
		var files []string
		for _, f := range p.Sources {
			files = append(files, strings.TrimSpace(f.URL+" "+f.Algorithm+" "+f.Digest))
		}
		s.Comment = "Made of " + strings.Join(files, "; ")
	}
	if p.Digest != "" {
		s.Checksums = []spdxChecksum{{"SHA256", p.Digest}}
	}
	return s
}
