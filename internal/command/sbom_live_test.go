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
