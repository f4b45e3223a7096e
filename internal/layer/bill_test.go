package layer

import (
	"archive/zip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/sbom"
)

// writeZip writes a zip with files in the order of their names.
func writeZip(t *testing.T, files map[string]string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "layer.zip")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	w := zip.NewWriter(f)
	var names []string
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		e, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.Write([]byte(files[name])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return name
}

// partLine writes a part as a line: what a test compares.
func partLine(p sbom.Part) string {
	line := p.Key() + " needs[" + strings.Join(slices.Sorted(slices.Values(p.Needs)), " ") + "]"
	if p.Asked {
		line += " asked"
	}
	if p.Vendored {
		line += " vendored"
	}
	if p.Input != "" {
		line += " by " + p.Input
	}
	return line
}

func checkBill(t *testing.T, b *sbom.Bill, want ...string) {
	t.Helper()
	var got []string
	for _, p := range b.Parts {
		got = append(got, partLine(p))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func metadata(name, version string, lines ...string) string {
	return "Metadata-Version: 2.4\nName: " + name + "\nVersion: " + version + "\n" + strings.Join(append(lines, "", "Name: not this one"), "\n")
}

func TestBillOfAForeignZip(t *testing.T) {
	t.Parallel()
	bill, err := BillOf(t.Context(), writeZip(t, map[string]string{
		"python/requests-2.31.0.dist-info/METADATA":                       metadata("requests", "2.31.0", "Requires-Dist: idna (<4)", "Requires-Dist: PySocks ; extra == 'socks'", "Requires-Dist: chardet ; extra == 'slow'", "Requires-Dist: gone ; extra == 'slow'", "Requires-Dist: !!", "Provides-Extra: socks", "Provides-Extra: slow", "License: Apache 2.0", "Summary: HTTP"),
		"python/idna-3.6.dist-info/METADATA":                              metadata("idna", "3.6"),
		"python/PySocks-1.7.1.dist-info/METADATA":                         metadata("PySocks", "1.7.1"),
		"python/chardet-5.0.dist-info/METADATA":                           metadata("chardet", "5.0", "Requires-Dist: idna; python_version < '3'"),
		"python/lib/python3.12/site-packages/numpy-2.dist-info/METADATA":  metadata("numpy", "2", "Requires-Dist: idna", "Requires-Dist: pandas"),
		"python/lib/python3.13/site-packages/pandas-2.dist-info/METADATA": metadata("pandas", "2"),
		"python/setuptools/_vendor/idna-3.6.dist-info/METADATA":           metadata("idna", "3.6"),
		"python/setuptools/_vendor/six-1.0.dist-info/METADATA":            metadata("six", "1.0"),
		"python/old_thing.egg-info/PKG-INFO":                              metadata("old.thing", "1"),
		"python/loop_a-1.dist-info/METADATA":                              metadata("loop-a", "1", "Requires-Dist: loop_b"),
		"python/loop_b-1.dist-info/METADATA":                              metadata("Loop.B", "1", "Requires-Dist: loop-a"),
		"nodejs/node_modules/a/package.json":                              `{"name":"a","version":"1.0.0","license":{"type":"MIT"},"dependencies":{"b":"1"},"peerDependencies":{"@s/c":"*"}}`,
		"nodejs/node_modules/b/package.json":                              `{"name":"b","version":"2.0.0"}`,
		"nodejs/node_modules/a/node_modules/b/package.json":               `{"name":"b","version":"1.0.0","optionalDependencies":{"@s/c":"*"}}`,
		"nodejs/node_modules/@s/c/package.json":                           `{"name":"@s/c","version":"3.0.0"}`,
		"nodejs/node_modules/a/lib/package.json":                          `{"type":"module"}`,
		"nodejs/node_modules/alias/package.json":                          `{"name":"real","version":"1.1.0","dependencies":{"alias":"*"}}`,
	}), nil)
	if err != nil {
		t.Fatal(err)
	}
	checkBill(t, bill,
		"pypi:requests@2.31.0 needs[pypi:idna@3.6 pypi:pysocks@1.7.1] asked",
		"pypi:idna@3.6 needs[]",
		"pypi:pysocks@1.7.1 needs[]",
		"pypi:chardet@5.0 needs[] asked",
		"pypi:numpy@2 needs[pypi:idna@3.6] asked",
		"pypi:pandas@2 needs[] asked",
		"pypi:six@1.0 needs[] vendored",
		"pypi:old-thing@1 needs[] asked",
		"pypi:loop-a@1 needs[pypi:loop-b@1] asked",
		"pypi:loop-b@1 needs[pypi:loop-a@1]",
		"npm:a@1.0.0 needs[npm:@s/c@3.0.0 npm:b@1.0.0] asked",
		"npm:b@1.0.0 needs[npm:@s/c@3.0.0]",
		"npm:b@2.0.0 needs[] asked",
		"npm:@s/c@3.0.0 needs[]",
		"npm:real@1.1.0 needs[] asked",
	)
	for _, p := range bill.Parts {
		if p.Key() == "pypi:idna@3.6" && !slices.Equal(p.Places, []string{"python/idna-3.6.dist-info", "python/setuptools/_vendor/idna-3.6.dist-info"}) {
			t.Errorf("idna lies in %q", p.Places)
		}
	}
}

func TestBillOfAPackage(t *testing.T) {
	t.Parallel()
	index := indextest.New(t, universe)
	b := newBuilder(t, index)
	lock := resolve(t, b, appSpec(t), nil)
	out := Output{Path: filepath.Join(t.TempDir(), "layer.zip"), Size: fault.SeverityError}
	if _, err := b.Build(t.Context(), lock, out); err != nil {
		t.Fatal(err)
	}
	bill, err := BillOf(t.Context(), out.Path, lock)
	if err != nil {
		t.Fatal(err)
	}
	own := lock.Contents()["files:python/own"]
	checkBill(t, bill,
		"pypi:app@1.0 needs[pypi:lib@2.0] asked by python",
		"pypi:lib@2.0 needs[] by python",
		"file:python/own@"+own+" needs[] asked by files",
	)
	for _, w := range lock.Python.Chosen.Wheels {
		i := slices.IndexFunc(bill.Parts, func(p sbom.Part) bool { return p.Name == w.Name })
		if want := []sbom.Source{{URL: w.URL, Algorithm: "SHA-256", Digest: w.SHA256.Hex()}}; !slices.Equal(bill.Parts[i].Sources, want) {
			t.Errorf("%s is made of %+v, want %+v", w.Name, bill.Parts[i].Sources, want)
		}
	}
	// What is excluded with its metadata is still named by the lock.
	if !slices.Equal(bill.Runtimes, []string{"python3.12"}) || bill.Function {
		t.Errorf("the bill is for %q, a function: %t", bill.Runtimes, bill.Function)
	}
}
