package placement

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
)

// recorded is a line of testdata/*.jsonl.gz: a small registry, a project, and
// what npm 11.19.1 answered on Node.js 20.20.2.
type recorded struct {
	Name, Rule string
	Registry   map[string]json.RawMessage
	Tags       map[string]map[string]string
	Times      map[string]map[string]time.Time
	Brings     map[string]map[string]json.RawMessage
	Files      map[string]json.RawMessage
	Status     map[string]int
	Root       json.RawMessage
	Flags      []string

	Tree, Names, Links map[string]string
	Marks              map[string][]string
	Error              string
	Unmet              []json.RawMessage
	Installed          map[string]string
}

func readRecorded(t testing.TB, name string) []recorded {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	var out []recorded
	for line := range bytes.Lines(text) {
		var c recorded
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatal(err)
		}
		out = append(out, c)
	}
	return out
}

func (c *recorded) has(flag string) bool { return slices.Contains(c.Flags, flag) }

// project reads the case's package.json, from a folder if it has files.
func (c *recorded) project(t testing.TB) *manifest.Project {
	t.Helper()
	if len(c.Files) == 0 {
		p, _, err := manifest.ParseProject(c.Root)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	dir := t.TempDir()
	files := map[string]json.RawMessage{"package.json": c.Root}
	maps.Copy(files, c.Files)
	for at, raw := range files {
		name := filepath.Join(dir, filepath.FromSlash(at))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p, err := manifest.ReadProject(filepath.Join(dir, "package.json"))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// answer is a tree, or a refusal, as lines: what npm writes into its lock.
func (c *recorded) answer() []string {
	switch {
	case c.Error == "ENDLESS":
		return []string{"REFUSED ELOOP"}
	case strings.HasPrefix(c.Error, "NOCODE: "):
		return []string{"REFUSED EOVERRIDE"} // npm breaks; the cases are of overrides
	case c.Error == "E401":
		return []string{"REFUSED EHTTP"} // see shop.Choose
	case c.Error != "":
		return []string{"REFUSED " + c.Error}
	}
	var lines []string
	for at, version := range c.Tree {
		name := c.Names[at]
		if name == "" {
			name = at[strings.LastIndex(at, "node_modules/")+1:]
			name = strings.TrimPrefix(name, "ode_modules/")
		}
		if strings.HasPrefix(at, "node_modules/") || strings.Contains(at, "/node_modules/") {
			lines = append(lines, line(at, name+"@"+version, c.Marks[at]))
		} else {
			lines = append(lines, line(at, version, c.Marks[at]))
		}
	}
	for at, to := range c.Links {
		lines = append(lines, line(at, "-> "+to, nil))
	}
	slices.Sort(lines)
	return lines
}

func line(at, what string, marks []string) string {
	slices.Sort(marks)
	return strings.TrimSpace(fmt.Sprintf("%s %s %s", at, what, strings.Join(marks, ",")))
}

func options(c *recorded) Options {
	return Options{
		Target:      manifest.Target{OS: "linux", CPU: "x64", Libc: "glibc", Node: "20.20.2"},
		LegacyPeers: c.has("--legacy-peer-deps"), StrictPeers: c.has("--strict-peer-deps"),
		Whole: !c.has("--omit=dev"),
	}
}

// treeLines tells a tree as answer does.
func treeLines(tree *Tree, err error) []string {
	if refusal, ok := errors.AsType[*manifest.ResolveError](err); ok {
		return []string{"REFUSED " + refusal.Code}
	}
	if err != nil {
		return []string{"FAILED " + err.Error()}
	}
	var lines []string
	for _, p := range tree.Packages {
		switch m := p.Marks; {
		case p.Link != "":
			lines = append(lines, line(p.Path, "-> "+p.Link, nil))
		case p.On:
			lines = append(lines, line(p.Path, p.Manifest.Version, m.words()))
		default:
			lines = append(lines, line(p.Path, p.Manifest.Name+"@"+p.Manifest.Version, m.words()))
		}
	}
	slices.Sort(lines)
	return lines
}

// words are the marks that npm writes into a lock: of an extraneous package it
// says nothing else.
func (m Marks) words() []string {
	var out []string
	for _, w := range []struct {
		word string
		mark Marks
		kept bool
	}{
		{"extraneous", Extraneous, true},
		{"dev", Dev, false},
		{"optional", Optional, false},
		{"devOptional", DevOptional, false},
		{"peer", Peer, false},
		{"inBundle", Bundled, true},
	} {
		if m.Has(w.mark) && (w.kept || !m.Has(Extraneous)) {
			out = append(out, w.word)
		}
	}
	return out
}

// moreCases names a file of more cases, as tools/record/npm makes them.
var moreCases = flag.String("cases", "", "a file of more cases to compare with npm's answers (.jsonl.gz)")

func TestTreesEqualNPMsInMoreCases(t *testing.T) {
	t.Parallel()
	if *moreCases == "" {
		return
	}
	codes := map[string]int{}
	for _, c := range readRecorded(t, *moreCases) {
		_, tree, err := placeAsNPM(t.Context(), c.shop(t), c.project(t), options(&c), false)
		got, want := treeLines(tree, err), c.answer()
		codes[c.Error]++
		if strings.HasPrefix(c.Error, "CRASH") {
			continue // npm has no answer
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", c.Name, got, want)
		}
	}
	t.Logf("cases by npm's code: %v", codes)
}

// intended are the cases for which another tree is wanted than npm's, and why.
var intended = map[string]string{
	"bundle-of-project": "what the project says that it bundles means nothing in a layer",
	"folder-missing":    "npm links to nothing; here the folder is refused",
	"random-1041":       "npm crashes",
	"random-1216":       "npm crashes",
}

// intendedFiles are the cases for which more is to be installed than npm ci does.
var intendedFiles = map[string]string{
	"bundle-late":       "npm does not fetch what it put into a bundling package",
	"bundle-late-plain": "the same",
	"bundle-shares-low": "the same",
	"bundle-extra":      "what nobody needs is in the tarball, and comes with it",
	"folder-in-folder":  "npm ci leaves out what nests in a folder within a folder",
	"random-1350":       "npm ci reads overrides of its lock otherwise than npm install",
	"pin-rules-common":  "the same",
}

func TestTreesEqualNPMs(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"cases", "cases-random", "cases-endless", "cases-made"} {
		for _, c := range readRecorded(t, "testdata/"+file+".jsonl.gz") {
			if intended[c.Name] != "" {
				continue
			}
			t.Run(c.Name, func(t *testing.T) {
				t.Parallel()
				_, tree, err := placeAsNPM(t.Context(), c.shop(t), c.project(t), options(&c), false)
				if compareLines(t, treeLines(tree, err), c.answer()) {
					t.Logf("%s: %v", c.Rule, err)
				}
			})
		}
	}
}

// TestWhatIsInstalledEqualsNPMs compares with what "npm ci --omit=dev" laid out
// from npm's own lock.
func TestWhatIsInstalledEqualsNPMs(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"cases", "cases-random"} {
		for _, c := range readRecorded(t, "testdata/"+file+".jsonl.gz") {
			if intended[c.Name] != "" || intendedFiles[c.Name] != "" || c.Error != "" || len(c.Unmet) > 0 {
				continue
			}
			t.Run(c.Name, func(t *testing.T) {
				t.Parallel()
				r, tree, err := placeAsNPM(t.Context(), c.shop(t), c.project(t), options(&c), false)
				if err != nil {
					t.Fatal(err)
				}
				if d := r.lacking(); d != nil {
					t.Errorf("%v is not met", d)
				}
				var got, want []string
				for _, p := range tree.Packages {
					switch {
					case !p.IsProduction() || p.On:
					case p.Link != "":
						got = append(got, p.Path+" link:"+p.Link)
					default:
						got = append(got, p.Path+" "+p.Manifest.Name+"@"+p.Manifest.Version)
					}
				}
				for at, what := range c.Installed {
					want = append(want, at+" "+what)
				}
				slices.Sort(got)
				slices.Sort(want)
				if compareLines(t, got, want) {
					t.Log(c.Rule)
				}
			})
		}
	}
}

// compareLines tells of lines that differ, and whether some do.
func compareLines(t *testing.T, got, want []string) (differ bool) {
	t.Helper()
	for _, l := range got {
		if !slices.Contains(want, l) {
			t.Errorf("got  %s", l)
		}
	}
	for _, l := range want {
		if !slices.Contains(got, l) {
			t.Errorf("want %s", l)
		}
	}
	return t.Failed()
}
