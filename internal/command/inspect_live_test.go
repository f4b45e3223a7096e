//go:build live

package command

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// ofTestbed returns the interpreter of the testbed.
func ofTestbed(t *testing.T) string {
	t.Helper()
	program, _ := python(t)
	return program
}

func tool(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
}

func inspected(t *testing.T, args ...string) (int, report) {
	t.Helper()
	status, out, errs := run(t, append([]string{"--json", "inspect", "--cache-dir", t.TempDir()}, args...)...)
	var r report
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatalf("status %d: %s: %v", status, errs, err)
	}
	return status, r
}

// versions lists what a report has with a version, "name version licence".
func (r *report) versions() string {
	var all []string
	for _, h := range r.Contents {
		if h.Version != "" {
			all = append(all, h.Key()+" "+h.Version+" "+h.License)
		}
	}
	return strings.Join(all, "\n")
}

func (r *report) can() string {
	var all []string
	for _, s := range r.Serves {
		if s.Why == "" {
			all = append(all, s.Runtime+" "+s.Architecture)
		}
	}
	return strings.Join(all, ", ")
}

// TestLiveInspectOfPipAndZip looks into a layer that pip and Python's zipfile made.
// Every file has an owner; native modules bind it to one Python.
func TestLiveInspectOfPipAndZip(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tool(t, dir, ofTestbed(t), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", "python", "--only-binary=:all:",
		"--python-version", "3.12", "--platform", "manylinux2014_x86_64", "requests==2.31.0", "numpy==2.1.0", "idna==3.7", "charset-normalizer==3.3.2", "urllib3==2.2.1", "certifi==2024.2.2")
	tool(t, dir, ofTestbed(t), "-m", "zipfile", "-c", "layer.zip", "python")
	status, r := inspected(t, filepath.Join(dir, "layer.zip"))
	want := "python:numpy 2.1.0 BSD License\npython:urllib3 2.2.1 MIT License\npython:idna 3.7 BSD License\npython:charset-normalizer 3.3.2 MIT\npython:requests 2.31.0 Apache 2.0\npython:certifi 2024.2.2 MPL-2.0"
	if got := r.versions(); status != 0 || !sameLines(got, want) || len(r.Contents) != 6 {
		t.Errorf("status %d, %d contents\n%s\nwant\n%s", status, len(r.Contents), got, want)
	}
	if got := r.can(); got != "python3.12 x86_64" {
		t.Errorf("serves %q", got)
	}
	if status, r = inspected(t, filepath.Join(dir, "layer.zip"), "--runtime", "python3.11", "--architecture", "arm64"); status != 1 {
		t.Errorf("for python3.11 on arm64: status %d, %+v", status, r.Findings)
	}
}

func sameLines(a, b string) bool {
	has := map[string]int{}
	for line := range strings.SplitSeq(a, "\n") {
		has[line]++
	}
	for line := range strings.SplitSeq(b, "\n") {
		has[line]--
	}
	for _, n := range has {
		if n != 0 {
			return false
		}
	}
	return true
}

// TestLiveInspectOfNpmAndZip looks into a layer that npm installed.
func TestLiveInspectOfNpmAndZip(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "nodejs"), 0o755); err != nil {
		t.Fatal(err)
	}
	tool(t, dir, "npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", "nodejs", "--os=linux", "--cpu=arm64", "--libc=glibc", "--ignore-scripts",
		"lodash@4.17.21", "sharp@0.33.5", "color@4.2.3", "semver@7.6.3", "detect-libc@2.0.3")
	tool(t, dir, ofTestbed(t), "-m", "zipfile", "-c", "layer.zip", "nodejs")
	status, r := inspected(t, filepath.Join(dir, "layer.zip"))
	if status != 0 || !strings.Contains(r.versions(), "nodejs:lodash 4.17.21 MIT") || !strings.Contains(r.versions(), "nodejs:@img/sharp-linux-arm64 0.33.5 Apache-2.0") {
		t.Errorf("status %d\n%s", status, r.versions())
	}
	if got := r.can(); got != "nodejs18.x arm64, nodejs20.x arm64, nodejs22.x arm64, nodejs24.x arm64, nodejs26.x arm64" {
		t.Errorf("serves %q", got)
	}
	if status, r = inspected(t, filepath.Join(dir, "layer.zip"), "--runtime", "nodejs22.x", "--architecture", "x86_64"); status != 1 {
		t.Errorf("on x86_64: status %d, %+v", status, r.Findings)
	}
}

// TestLiveInspectOfASAMLayer looks into what "sam build" and "sam package" make of
// a layer with BuildMethod python3.12: pip's folder at python/, zipped by Python
// with the modes of the disk, and the requirements beside. A wheel for the machine
// of a Mac is in it, as it is where nobody builds in a container.
func TestLiveInspectOfASAMLayer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tool(t, dir, ofTestbed(t), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", "python", "--only-binary=:all:", "--no-deps",
		"--python-version", "3.12", "--platform", "macosx_11_0_arm64", "charset-normalizer==3.3.2", "ujson==5.10.0")
	if err := os.WriteFile(filepath.Join(dir, "python", "requirements.txt"), []byte("ujson\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tool(t, dir, ofTestbed(t), "-c", `
import os, zipfile
with zipfile.ZipFile("layer.zip", "w", zipfile.ZIP_DEFLATED) as z:
    for root, folders, files in os.walk("python"):
        for name in files:
            path = os.path.join(root, name)
            info = zipfile.ZipInfo.from_file(path, path)
            info.create_system, info.external_attr = 3, os.stat(path).st_mode << 16
            with open(path, "rb") as f:
                z.writestr(info, f.read(), zipfile.ZIP_DEFLATED)
`)
	status, r := inspected(t, filepath.Join(dir, "layer.zip"), "--runtime", "python3.12", "--architecture", "arm64")
	text := ""
	for _, f := range r.Findings {
		text += f.Severity + " " + f.Summary + " " + f.Origin + "\n"
	}
	if status != 1 || !strings.Contains(text, "error \"python/ujson.cpython-312-darwin.so\" is for") || !strings.Contains(text, "python:ujson 5.10.0") {
		t.Errorf("status %d\n%s", status, text)
	}
	if r.can() != "" {
		t.Errorf("serves %q", r.can())
	}
}
