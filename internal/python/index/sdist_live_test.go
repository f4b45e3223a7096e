//go:build live

package index

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pythontest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/sdist"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// realSdist is what testdata/sdists.txt says of a source distribution.
type realSdist struct {
	filename, sha256 string
	alone, pure      bool
	files            map[string]string // half of the SHA-256, by path
	needs            []string          // requirements, sorted
}

func readRealSdists(t *testing.T) []*realSdist {
	t.Helper()
	body, err := os.ReadFile("testdata/sdists.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all []*realSdist
	for line := range strings.Lines(string(body)) {
		line = strings.TrimSuffix(line, "\n")
		inner, below := strings.CutPrefix(line, "  ")
		first, rest, _ := strings.Cut(inner, " ")
		switch {
		case first == "#":
		case below && first == "=":
			last := all[len(all)-1]
			last.needs = append(last.needs, rest)
		case below:
			all[len(all)-1].files[rest] = first
		default:
			fields := strings.Fields(line)
			all = append(all, &realSdist{
				filename: fields[0], sha256: strings.TrimPrefix(fields[1], "sha256:"), alone: fields[2] == "alone", pure: fields[3] == "pure", files: map[string]string{},
			})
		}
	}
	return all
}

// made makes the wheel of a source distribution of the public index.
func (r *realSdist) made(t *testing.T, cat *Catalog) (*sdist.Wheel, error) {
	t.Helper()
	name, _, _, _ := sdist.SplitName(r.filename)
	p, err := cat.Page(name).Wait(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	digest, err := store.ParseDigest(r.sha256)
	if err != nil {
		t.Fatal(err)
	}
	for i := range p.files {
		if f := &p.files[i]; f.Filename == r.filename {
			address, err := p.address(f)
			if err != nil {
				t.Fatal(err)
			}
			blob, err := cat.client.Blob(t.Context(), WheelSource(address, f.Filename, digest, f.Size, nil))
			if err != nil {
				t.Fatal(err)
			}
			return cat.making.Wheel(f.Filename, blob)
		}
	}
	t.Fatalf("the index has no %q", r.filename)
	return nil, nil
}

// notMade are distributions of which pip makes a pure wheel, and of which none
// is made here, with a word of the reason.
var notMade = map[string]string{
	"gdata-2.0.18.zip":            "install_requires", // no egg-info tells its requirements
	"pyinotify-0.9.6.tar.gz":      "native code",      // of which pip makes nothing if there is no compiler
	"tinysegmenter-0.3.tar.gz":    `"build"`,          // its command converts Python 2
	"ua-parser-0.8.0.tar.gz":      `"build"`,          // its command writes a module
	"mwparserfromhell-0.3.tar.gz": "native code",
}

// conditional are distributions whose requirements are those of the machine that
// made them: a note says so.
var conditional = []string{"twilio-6.0.0.tar.gz", "pyramid-1.5.tar.gz"}

// left reports whether a file of pip's wheel is none of ours: files outside of
// packages, the .pth of namespace packages, and the scripts that setup.py
// computes.
func left(name string) bool {
	if strings.HasSuffix(name, ".data/scripts/avro") || strings.HasPrefix(name, "wsgi_request_logger-") && strings.HasSuffix(name, "/zip-safe") {
		return true
	}
	return strings.Contains(name, ".data/data/") || strings.HasSuffix(name, "-nspkg.pth") || strings.Contains(name, ".data/headers/")
}

// TestRealSdists compares the wheels of real distributions, file by file and
// requirement by requirement, with those that pip made of them.
func TestRealSdists(t *testing.T) {
	t.Parallel()
	client, _ := pythontest.Client(t, nil)
	cat, err := NewCatalog(t.Context(), client, &Sources{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cat.Close)
	equal, alone := 0, 0
	for _, r := range readRealSdists(t) {
		w, err := r.made(t, cat)
		refused, isRefused := errors.AsType[*wheel.NotPure](err)
		if reason := notMade[r.filename]; reason != "" || !r.pure {
			if !isRefused || !strings.Contains(refused.Reason, reason) {
				t.Errorf("%s: %v, want a refusal for %s", r.filename, err, reason)
			}
			continue
		}
		if err != nil {
			t.Error(err)
			continue
		}
		equal++
		if r.alone {
			alone++
		}
		r.compare(t, w)
	}
	t.Logf("%d are equal, %d of them have no wheel on the index", equal, alone)
	if alone < 60 {
		t.Errorf("%d distributions without a wheel are compared, want 60", alone)
	}
}

func (r *realSdist) compare(t *testing.T, w *sdist.Wheel) {
	t.Helper()
	for name, want := range r.files {
		if got := fmt.Sprintf("%x", sha256.Sum256(w.Files[name]))[:32]; got != want && !left(name) {
			t.Errorf("%s: %s has the SHA-256 %s (%d bytes), want %s", r.filename, name, got, len(w.Files[name]), want)
		}
	}
	for name := range w.Files {
		if _, ok := r.files[name]; !ok && !strings.HasSuffix(name, ".dist-info/WHEEL") && !strings.HasSuffix(name, ".dist-info/METADATA") && !strings.Contains(name, ".dist-info/licenses/") {
			t.Errorf("%s: %s is in no wheel of pip's", r.filename, name)
		}
	}
	if slices.Contains(conditional, r.filename) {
		if !w.Recorded {
			t.Errorf("%s: its requirements are not known to be recorded", r.filename)
		}
		return
	}
	got, err1 := wheel.ParseMetadata(w.Metadata)
	want, err2 := wheel.ParseMetadata(bytes.Join([][]byte{[]byte("Name: x\nVersion: 1"), []byte(strings.Join(r.needs, "\n"))}, []byte("\n")))
	if err := errors.Join(err1, err2); err != nil {
		t.Errorf("%s: %v", r.filename, err)
		return
	}
	if a, b := requirementTexts(got), requirementTexts(want); !slices.Equal(a, b) || got.RequiresPython.String() != want.RequiresPython.String() {
		t.Errorf("%s: it needs %q and Python %s, want %q and %s", r.filename, a, got.RequiresPython, b, want.RequiresPython)
	}
}

// requirementTexts are the requirements and extras with the specifiers in order.
func requirementTexts(m wheel.Metadata) []string {
	var out []string
	for _, r := range m.RequiresDist {
		clauses := strings.Split(r.Specifiers.String(), ",")
		slices.Sort(clauses)
		out = append(out, fmt.Sprint(r.Name, r.Extras, clauses, r.URL, r.Marker))
	}
	for _, extra := range m.ProvidesExtra {
		out = append(out, "extra "+extra)
	}
	slices.Sort(out)
	return out
}
