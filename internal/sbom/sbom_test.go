package sbom

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// sample has a part of each kind, and what is hard to write: scopes, several
// files, expressions, licences that are none, names that need escapes.
func sample() *Bill {
	sum := strings.Repeat("ab", 32)
	return &Bill{
		SHA256: strings.Repeat("01", 32), Runtimes: []string{"python3.12", "nodejs22.x"}, Architectures: []string{"x86_64"},
		Parts: []Part{
			{Kind: KindPython, Name: "PyYAML", Version: "6.0.2", Input: "python", Asked: true, Licence: Licence{Text: "MIT"}, Places: []string{"python/PyYAML-6.0.2.dist-info"}, Sources: []Source{
				{URL: "https://files.example/PyYAML-6.0.2-cp312.whl", Algorithm: "SHA-256", Digest: sum}, {URL: "https://files.example/PyYAML-6.0.2-cp313.whl", Algorithm: "SHA-256", Digest: strings.Repeat("cd", 32)},
			}},
			{Kind: KindPython, Name: "requests", Version: "2.31.0", Input: "python", Asked: true, Licence: Licence{Text: "Apache 2.0"}, Needs: []string{"pypi:idna@3.6", "pypi:gone@1"}, Sources: []Source{{Algorithm: "SHA-256", Digest: sum}}},
			{Kind: KindPython, Name: "idna", Version: "3.6", Input: "python", Licence: Licence{Classifiers: []string{"License :: OSI Approved :: BSD License"}}},
			{Kind: KindPython, Name: "jaraco.text", Version: "3.12.1", Vendored: true, Licence: Licence{Classifiers: []string{"License :: OSI Approved :: MIT License"}}},
			{Kind: KindNodeJS, Name: "@aws-sdk/client-s3", Version: "3.700.0", Input: "nodejs", Asked: true, Licence: Licence{Expression: "Apache-2.0"}, Needs: []string{"npm:tslib@2.8.1"}, Sources: []Source{{URL: "https://registry.npmjs.org/a.tgz", Algorithm: "SHA-512", Digest: strings.Repeat("ef", 64)}}},
			{Kind: KindNodeJS, Name: "tslib", Version: "2.8.1", Licence: Licence{Expression: "(MIT OR Apache-2.0)"}},
			{Kind: KindNodeJS, Name: "odd", Version: "1.0.0-a+b", Licence: Licence{Expression: "SEE LICENSE IN <a>&b.txt"}},
			{Kind: KindDownload, Name: "ffmpeg.tar.xz", Version: "abababababab", Input: "downloads[0]", Asked: true, Sources: []Source{{URL: "https://example.com/a b/ffmpeg.tar.xz", Algorithm: "SHA-256", Digest: sum}}},
			{Kind: KindImage, Name: "ghcr.io/acme/tool:1.2", Version: "sha256:" + sum, Digest: sum, Input: "images[0]", Asked: true},
			{Kind: KindFile, Name: "python/shared_utils", Version: "0123456789ab (2 files)", Input: "files", Asked: true},
		},
	}
}

// schema returns the official schema of CycloneDX 1.6.
func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	for _, name := range []string{"bom-1.6.schema.json", "spdx.schema.json", "jsf-0.82.schema.json"} {
		f, err := os.Open("testdata/cyclonedx/" + name)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(f)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		if err := c.AddResource("http://cyclonedx.org/schema/"+name, doc); err != nil {
			t.Fatal(err)
		}
	}
	s, err := c.Compile("http://cyclonedx.org/schema/bom-1.6.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(t *testing.T, s *jsonschema.Schema, text string) error {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(doc)
}

func TestCycloneDXIsValid(t *testing.T) {
	t.Parallel()
	s := schema(t)
	for name, bill := range map[string]*Bill{"sample": sample(), "empty": {SHA256: strings.Repeat("01", 32)}, "function": {SHA256: strings.Repeat("01", 32), Function: true}} {
		text, err := bill.Encode(FormatCycloneDX)
		if err != nil {
			t.Fatal(err)
		}
		if err := validate(t, s, text); err != nil {
			t.Errorf("%s: %v\n%s", name, err, text)
		}
	}
	text, err := sample().Encode(FormatCycloneDX)
	if err != nil {
		t.Fatal(err)
	}
	for what, broken := range map[string]string{
		"a licence that is none": strings.Replace(text, `"id":"MIT"`, `"id":"Mitt"`, 1),
		"a digest that is short": strings.Replace(text, `"content":"ab`, `"content":"b`, 1),
	} {
		if broken == text || validate(t, s, broken) == nil {
			t.Errorf("the schema takes %s", what)
		}
	}
}

func TestDocumentsAreFunctionsOfTheBill(t *testing.T) {
	t.Parallel()
	for _, format := range Formats() {
		first, err := sample().Encode(format)
		if err != nil {
			t.Fatal(err)
		}
		turned := sample()
		for i, j := 0, len(turned.Parts)-1; i < j; i, j = i+1, j-1 {
			turned.Parts[i], turned.Parts[j] = turned.Parts[j], turned.Parts[i]
		}
		if second, err := turned.Encode(format); err != nil || second != first {
			t.Errorf("%s: the order of the parts shows: %v\n%s\n%s", format, err, first, second)
		}
		other := sample()
		other.SHA256 = strings.Repeat("02", 32)
		if text, err := other.Encode(format); err != nil || strings.Contains(text, sample().uuid(format)) {
			t.Errorf("%s: another zip has the same document: %v", format, err)
		}
	}
	if _, err := sample().Encode("xml"); err == nil {
		t.Error("an unknown format is no error")
	}
}

// cycloneDX is what a reader of the format needs of it.
type cycloneDX struct {
	SerialNumber string
	Components   []struct {
		Ref      string `json:"bom-ref"`
		Type     string
		Group    string
		Name     string
		Purl     string
		Licenses []struct {
			License    struct{ ID, Name string }
			Expression string
		}
	}
	Dependencies []struct {
		Ref       string
		DependsOn []string
	}
}

func TestCycloneDX(t *testing.T) {
	t.Parallel()
	text, err := sample().Encode(FormatCycloneDX)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(text, "timestamp") {
		t.Error("the document has a time")
	}
	var doc cycloneDX
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	// uuid.uuid5(uuid.NAMESPACE_URL, "…/sbom/cyclonedx/0101…") of Python.
	if want := "urn:uuid:61035492-5e0c-51e1-bd2e-d4aca0e9117c"; doc.SerialNumber != want {
		t.Errorf("serial number %q, want %q", doc.SerialNumber, want)
	}
	want := map[string]string{
		"pkg:pypi/pyyaml@6.0.2":                "library  PyYAML MIT",
		"pkg:pypi/requests@2.31.0":             "library  requests Apache-2.0",
		"pkg:pypi/idna@3.6":                    "library  idna 'BSD License'",
		"pkg:pypi/jaraco-text@3.12.1":          "library  jaraco.text MIT",
		"pkg:npm/%40aws-sdk/client-s3@3.700.0": "library @aws-sdk client-s3 Apache-2.0",
		"pkg:npm/tslib@2.8.1":                  "library  tslib MIT OR Apache-2.0",
		"pkg:npm/odd@1.0.0-a%2Bb":              "library  odd 'SEE LICENSE IN <a>&b.txt'",
		"pkg:generic/ffmpeg.tar.xz?checksum=sha256:" + strings.Repeat("ab", 32) + "&download_url=https:%2F%2Fexample.com%2Fa%20b%2Fffmpeg.tar.xz": "file  ffmpeg.tar.xz ",
		"pkg:oci/tool@sha256:" + strings.Repeat("ab", 32) + "?repository_url=ghcr.io%2Facme%2Ftool&tag=1.2":                                       "container  ghcr.io/acme/tool:1.2 ",
		"": "file  python/shared_utils ",
	}
	for _, c := range doc.Components {
		licence := ""
		for _, l := range c.Licenses {
			licence += l.License.ID + l.Expression
			if l.License.Name != "" {
				licence += "'" + l.License.Name + "'"
			}
		}
		if got := c.Type + " " + c.Group + " " + c.Name + " " + licence; got != want[c.Purl] {
			t.Errorf("%q is %q, want %q", c.Purl, got, want[c.Purl])
		}
		delete(want, c.Purl)
	}
	if len(want) > 0 {
		t.Errorf("missing: %v", want)
	}
	needs := map[string]string{}
	for _, d := range doc.Dependencies {
		needs[d.Ref] = strings.Join(d.DependsOn, " ")
	}
	if got := needs["pkg:pypi/requests@2.31.0"]; got != "pkg:pypi/idna@3.6" {
		t.Errorf("requests needs %q", got)
	}
	root := needs["sha256:"+strings.Repeat("01", 32)]
	if !strings.Contains(root, "pkg:pypi/requests@2.31.0") || strings.Contains(root, "idna") || !strings.Contains(root, "file:python/shared_utils") {
		t.Errorf("the layer is made of %q", root)
	}
}

func TestLicences(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		licence           Licence
		expression, names string
	}{
		{Licence{Expression: "MIT"}, "MIT", ""},
		{Licence{Expression: "apache-2.0 OR mit"}, "Apache-2.0 OR MIT", ""},
		{Licence{Expression: "GPL-2.0-or-later WITH Classpath-exception-2.0"}, "GPL-2.0-or-later WITH Classpath-exception-2.0", ""},
		{Licence{Text: "MIT License"}, "MIT", ""},
		{Licence{Text: "BSD", Classifiers: []string{"License :: OSI Approved :: BSD License"}}, "", "BSD License"},
		{Licence{Text: "UNKNOWN"}, "", ""},
		{Licence{}, "", ""},
		{Licence{Text: "Dual License", Classifiers: []string{"License :: OSI Approved :: Apache Software License", "License :: OSI Approved :: BSD License"}}, "", "Apache Software License|BSD License"},
		{Licence{Classifiers: []string{"License :: OSI Approved", "License :: OSI Approved :: ISC License (ISCL)"}}, "ISC", ""},
		{Licence{Expression: "UNLICENSED"}, "", "UNLICENSED"},
		{Licence{Expression: "LicenseRef-Mine"}, "", "LicenseRef-Mine"},
		{Licence{Text: "Copyright (c) 2020\n\nPermission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files"}, "",
			"Copyright (c) 2020 Permission is hereby granted, free of charge, to any person obtaining a copy of this software and as…"},
	} {
		expression, names := c.licence.read()
		if expression != c.expression || strings.Join(names, "|") != c.names {
			t.Errorf("%+v: got %q and %q, want %q and %q", c.licence, expression, names, c.expression, c.names)
		}
	}
}
