//go:build live

package command

import (
	"archive/zip"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestSbomHasWhatPipFinds builds layers from PyPI, unpacks them and compares the
// names and versions of the bill with those that pip finds in the folder.
func TestSbomHasWhatPipFinds(t *testing.T) {
	python := filepath.Join(os.Getenv("LAYERBUILD_TESTBED"), "bin", "python")
	read := readers(t, python)
	for _, requirements := range [][]string{
		{"requests==2.31.0", "python-dateutil==2.8.2", "aws-lambda-powertools[tracer]==2.30.0"},
		{"pandas==2.2.2", "scikit-learn==1.5.0"},
		{"fastapi==0.110.0", "uvicorn[standard]==0.29.0"},
		{"boto3==1.34.0", "setuptools==75.0.0"},
	} {
		dir := t.TempDir()
		layer := filepath.Join(dir, "layer.zip")
		arguments := []string{"build", "-q", "--runtime", "python3.12", "-o", layer}
		for _, r := range requirements {
			arguments = append(arguments, "-r", r)
		}
		if status, _, errs := run(t, arguments...); status != 0 {
			t.Fatal(errs)
		}
		unpack(t, layer, filepath.Join(dir, "tree"))
		found, err := exec.CommandContext(t.Context(), python, "-m", "pip", "inspect", "--path", filepath.Join(dir, "tree", "python")).Output()
		if err != nil {
			t.Fatal(err)
		}
		var pip struct {
			Installed []struct {
				Metadata struct{ Name, Version string }
			}
		}
		if err := json.Unmarshal(found, &pip); err != nil {
			t.Fatal(err)
		}
		var want []string
		for _, i := range pip.Installed {
			want = append(want, regexp.MustCompile(`[-_.]+`).ReplaceAllString(strings.ToLower(i.Metadata.Name), "-")+"@"+i.Metadata.Version)
		}
		status, text, errs := run(t, "sbom", layer)
		if status != 0 {
			t.Fatal(errs)
		}
		read(dir, text, spdxOf(t, layer), want)
		var doc struct {
			Components []struct {
				Purl       string
				Properties []struct{ Name string }
			}
		}
		if err := json.Unmarshal([]byte(text), &doc); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range doc.Components {
			vendored := slices.ContainsFunc(c.Properties, func(p struct{ Name string }) bool { return p.Name == "layerbuild:vendored" })
			if name, ok := strings.CutPrefix(c.Purl, "pkg:pypi/"); ok && !vendored {
				got = append(got, name)
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if len(want) < 5 || !slices.Equal(got, want) {
			t.Errorf("%q: the bill has\n%q\npip finds\n%q", requirements, got, want)
		}
	}
}

// spdxOf returns the bill of a zip as SPDX.
func spdxOf(t *testing.T, zip string) string {
	t.Helper()
	status, text, errs := run(t, "sbom", zip, "--format", "spdx")
	if status != 0 {
		t.Fatal(errs)
	}
	return text
}

// reading judges a CycloneDX document by the official schema, reads an SPDX document,
// validates it and prints its packages. cyclonedx-python-lib is OWASP's (Apache-2.0),
// spdx-tools that of the SPDX project (Apache-2.0).
const reading = `
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

with open(sys.argv[1], encoding="utf-8") as f:
    fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(f.read())
if fault:
    sys.exit(f"CycloneDX: {fault}")
document = parse_file(sys.argv[2])
faults = validate_full_spdx_document(document, "SPDX-2.3")
if faults:
    sys.exit("SPDX: " + "; ".join(f"{m.context.spdx_id}: {m.validation_message}" for m in faults))
if any(r.spdx_element_id == "SPDXRef-DOCUMENT" and r.related_spdx_element_id != "SPDXRef-Layer" for r in document.relationships):
    sys.exit("SPDX: it describes something else")
for package in document.packages:
    for ref in package.external_references:
        print(ref.locator)
`

// readers installs the readers of other projects, and returns a function that gives
// them the two documents of a layer and wants the distributions in the SPDX one.
func readers(t *testing.T, python string) func(dir, cyclonedx, spdx string, want []string) {
	t.Helper()
	venv := filepath.Join(t.TempDir(), "venv")
	command := func(name string, arguments ...string) string {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), name, arguments...).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", filepath.Base(name), err, out)
		}
		return string(out)
	}
	command(python, "-m", "venv", venv)
	own := filepath.Join(venv, "bin", "python")
	command(own, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "spdx-tools==0.8.5", "cyclonedx-python-lib[json-validation]==11.12.0")
	return func(dir, cyclonedx, spdx string, want []string) {
		t.Helper()
		names := [2]string{filepath.Join(dir, "bill.cdx.json"), filepath.Join(dir, "bill.spdx.json")}
		for i, text := range []string{cyclonedx, spdx} {
			if err := os.WriteFile(names[i], []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		found := strings.Fields(command(own, "-c", reading, names[0], names[1]))
		for _, w := range want {
			if !slices.Contains(found, "pkg:pypi/"+w) {
				t.Errorf("spdx-tools finds no %s in %q", w, found)
			}
		}
		// Each reader refuses a document that is broken.
		for i, broken := range [][2]string{{strings.Replace(cyclonedx, `"SHA-256"`, `"SHA-255"`, 1), spdx}, {cyclonedx, strings.Replace(spdx, `"SHA256"`, `"SHA255"`, 1)}} {
			if broken[i] == [2]string{cyclonedx, spdx}[i] {
				t.Fatal("nothing was broken")
			}
			if err := os.WriteFile(names[i], []byte(broken[i]), 0o600); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.CommandContext(t.Context(), own, "-c", reading, names[0], names[1]).CombinedOutput(); err == nil {
				t.Errorf("the reader takes the broken %s\n%s", filepath.Base(names[i]), out)
			}
			if err := os.WriteFile(names[i], []byte([]string{cyclonedx, spdx}[i]), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// unpack writes the files of a zip below a folder.
func unpack(t *testing.T, name, to string) {
	t.Helper()
	r, err := zip.OpenReader(name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	for _, f := range r.File {
		path := filepath.Join(to, filepath.FromSlash(f.Name))
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, body, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
