//go:build live

package command

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// visit is what a browser met on a page.
type visit struct {
	Errors, Requests []string
	Milliseconds     int
	Tiles            []string
	Areas            []float64
	Clicked, Escaped struct {
		Crumbs  []string
		Focused string
	}
	End, Right, Told, Said                 string
	Entered, Back                          []string
	BySize, ByName, BySizeRising, Filtered []string
	SortedByName, Counted, Dark            string
	Phone                                  struct {
		Wide  int
		Tiles bool
	}
	Print struct {
		Ground, Filter string
		Tiles          bool
	}
}

// browse walks through the page of a zip in the testbed's browser.
func browse(t *testing.T, zip string) (visit, int64) {
	t.Helper()
	modules := os.Getenv("LAYERBUILD_BROWSER")
	if modules == "" {
		t.Fatal("LAYERBUILD_BROWSER is not set: run the live tests by make test")
	}
	page := filepath.Join(t.TempDir(), "page.html")
	if status, _, errs := run(t, "inspect", zip, "--html", page, "--cache-dir", t.TempDir()); status > 1 {
		t.Fatal(errs)
	}
	info, err := os.Stat(page)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", filepath.Join("page", "testdata", "browse.mjs"), modules, page)
	// The package of the browser unpacks it there, where it does not find it: two
	// that share the folder take one that is half written.
	cmd.Env = append(os.Environ(), "TMPDIR="+t.TempDir())
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, errs.String())
	}
	var v visit
	if err := json.Unmarshal(out, &v); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	return v, info.Size()
}

// TestLivePageInABrowser clicks and types through the page of a small layer that
// holds a hostile name.
func TestLivePageInABrowser(t *testing.T) {
	t.Parallel()
	files := maps.Clone(layerOfPip)
	files["python/acme/data/x.txt"] = strings.Repeat("x", 6000)
	files["python/acme-2.1.dist-info/RECORD"] += "acme/data/x.txt,,\n"
	files["python/idna/core.py"] = strings.Repeat("y", 3000)
	files["python/<img src=x onerror=alert(1)>.py"] = strings.Repeat("z", 900)
	v, _ := browse(t, writeZip(t, files))
	if len(v.Errors)+len(v.Requests) > 0 {
		t.Errorf("the browser tells of %q, and asks for %q", v.Errors, v.Requests)
	}
	if len(v.Tiles) == 0 || !strings.HasPrefix(v.Tiles[0], "acme 2.1, ") || !strings.HasPrefix(v.Tiles[1], "idna 3.7, ") || !slices.ContainsFunc(v.Tiles, func(s string) bool { return strings.Contains(s, "<img src=x onerror=alert(1)>") }) {
		t.Fatalf("tiles %q", v.Tiles)
	}
	var acme, idna int
	for name, text := range files {
		if strings.HasPrefix(name, "python/acme") || name == "python/bin/acme" {
			acme += len(text)
		}
		if strings.HasPrefix(name, "python/idna") {
			idna += len(text)
		}
	}
	if got, want := v.Areas[0]/v.Areas[1], float64(acme)/float64(idna); got < want*0.97 || got > want*1.03 {
		t.Errorf("the areas of the first two are as %.3f, their sizes as %.3f", got, want)
	}
	for what, got := range map[string]bool{
		"a click opens":                          slices.Equal(v.Clicked.Crumbs, []string{"All", "acme 2.1"}) && strings.HasPrefix(v.Clicked.Focused, "acme, "),
		"Escape goes back to where it came from": slices.Equal(v.Escaped.Crumbs, []string{"All"}) && strings.HasPrefix(v.Escaped.Focused, "acme 2.1, "),
		"End is the last":                        v.End == v.Tiles[len(v.Tiles)-1],
		"an arrow moves":                         v.Right != v.Tiles[0] && slices.Contains(v.Tiles, v.Right),
		"Enter opens":                            slices.Equal(v.Entered, []string{"All", "acme 2.1"}) && v.Told != "" && strings.HasPrefix(v.Said, "acme 2.1, "),
		"a crumb goes back":                      slices.Equal(v.Back, []string{"All"}),
		"names are sorted":                       slices.IsSorted(v.ByName) && len(v.ByName) == len(v.BySize) && v.SortedByName == "ascending,,,,,",
		"sizes are sorted":                       v.BySize[0] == "python:acme" && v.BySizeRising[len(v.BySizeRising)-1] == "python:acme",
		"the filter filters":                     slices.Equal(v.Filtered, []string{"nodejs:@s/b", "python:acme"}) && v.Counted == fmt.Sprintf("2 of %d", len(v.BySize)),
		"a phone is wide enough":                 v.Phone.Wide <= 390 && v.Phone.Tiles,
		"the dark is dark":                       v.Dark == "rgb(21, 24, 28)",
		"paper is white":                         v.Print.Ground == "rgb(255, 255, 255)" && v.Print.Filter == "none" && v.Print.Tiles,
	} {
		if !got {
			t.Errorf("not so: %s in %+v", what, v)
		}
	}
}

// TestLivePageOfALargeLayer: 20,000 files with 260 MB. The page weighs less than 3
// MB, and the browser has it within two seconds.
func TestLivePageOfALargeLayer(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "large.zip")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	w, random, zeros := zip.NewWriter(f), rand.New(rand.NewPCG(1, 2)), make([]byte, 26_000)
	var out io.Writer
	for i := range 20_000 {
		d := i % 60
		if out, err = w.Create(fmt.Sprintf("python/distribution_%d/package_%d/subpackage_%d/module_%d.py", d, random.IntN(9), random.IntN(9), i)); err == nil {
			_, err = out.Write(zeros[:1+random.IntN(len(zeros)-1)])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	v, size := browse(t, name)
	t.Logf("the page weighs %d bytes and loads in %d ms; all took %s", size, v.Milliseconds, time.Since(start))
	if size >= 3_000_000 || len(v.Errors) > 0 || len(v.Tiles) < 50 {
		t.Errorf("%d bytes, %d tiles, %q", size, len(v.Tiles), v.Errors)
	}
}
