package placement

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
)

func gunz(t testing.TB, name string) []byte {
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	z, _ := gzip.NewReader(bytes.NewReader(raw))
	out, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func scratchLines(tree *Tree, err error) []string {
	if err != nil {
		if r, ok := err.(*Refusal); ok {
			return []string{"REFUSED " + r.Code()}
		}
		return []string{err.Error()}
	}
	var lines []string
	for _, p := range tree.Packages {
		w := p.Marks.words()
		w = slices.DeleteFunc(w, func(s string) bool { return s == "extraneous" })
		if p.Marks.Extraneous {
			w = append(w, "extraneous")
		}
		if p.Manifest.InstallScript {
			w = append(w, "hasInstallScript")
		}
		l := fmt.Sprintf("%s %s@%s", p.Path, p.Manifest.Name, p.Manifest.Version)
		if len(w) > 0 {
			l += " [" + strings.Join(w, ",") + "]"
		}
		lines = append(lines, l)
	}
	slices.Sort(lines)
	return lines
}

func diff(t *testing.T, got, want []string) {
	slices.Sort(want)
	if slices.Equal(got, want) {
		return
	}
	n := 0
	for _, l := range got {
		if !slices.Contains(want, l) && n < 12 {
			n++
			t.Errorf("got  %s", l)
		}
	}
	for _, l := range want {
		if !slices.Contains(got, l) && n < 24 {
			n++
			t.Errorf("want %s", l)
		}
	}
}

func TestScratchTiny(t *testing.T) {
	n := 0
	for l := range bytes.Lines(gunz(t, "../testdata/tiny.jsonl.gz")) {
		n++
		var c struct {
			Project       json.RawMessage
			Legacy, Force bool
			Manifests     []json.RawMessage
			Expected      []string
		}
		if err := json.Unmarshal(l, &c); err != nil {
			t.Fatal(err)
		}
		if c.Force != (os.Getenv("FORCE") != "") {
			continue
		}
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			s := &shop{versions: map[string][]*manifest.Manifest{}, tags: map[string]map[string]string{}}
			tagged := map[string]bool{}
			for _, raw := range c.Manifests {
				m, err := manifest.Read(raw)
				if err != nil {
					t.Fatal(err)
				}
				var x struct{ Latest bool }
				json.Unmarshal(raw, &x)
				m.Tarball = m.Name + m.Version
				s.versions[m.Name] = append(s.versions[m.Name], m)
				if !tagged[m.Name] {
					s.tags[m.Name] = map[string]string{"latest": m.Version}
					tagged[m.Name] = x.Latest
				}
			}
			p, _, err := manifest.ParseProject(c.Project)
			if err != nil {
				t.Fatal(err)
			}
			o := options(&recorded{})
			o.LegacyPeers = c.Legacy
			o.Force = c.Force
			if os.Getenv("CASE") == fmt.Sprint(n) {
				debug = func(f string, a ...any) { fmt.Printf(f+"\n", a...) }
				defer func() { debug = nil }()
			}
			tree, err := Place(t.Context(), s, p, o)
			diff(t, scratchLines(tree, err), c.Expected)
			if t.Failed() {
				t.Logf("%s legacy %v err %v", c.Project, c.Legacy, err)
				for _, m := range c.Manifests {
					t.Logf("   %s", m)
				}
			}
		})
	}
}

func TestScratchSets(t *testing.T) {
	s := &shop{versions: map[string][]*manifest.Manifest{}, tags: map[string]map[string]string{}, brings: map[string]map[string]json.RawMessage{}, times: map[string]map[string]time.Time{}}
	lines := bufio.NewScanner(bytes.NewReader(gunz(t, "../testdata/universe.jsonl.gz")))
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var doc struct {
			Name, Bundle string
			Tags         map[string]string `json:"dist-tags"`
			Versions     map[string]json.RawMessage
			Packages     map[string]json.RawMessage
			Shrinkwrap   json.RawMessage
		}
		if err := json.Unmarshal(lines.Bytes(), &doc); err != nil {
			t.Fatal(err)
		}
		if doc.Bundle != "" {
			s.brings[doc.Bundle] = doc.Packages
			if s.brings[doc.Bundle] == nil {
				s.brings[doc.Bundle] = map[string]json.RawMessage{}
			}
			if len(doc.Shrinkwrap) > 4 {
				q, _ := json.Marshal(string(doc.Shrinkwrap))
				s.brings[doc.Bundle]["npm-shrinkwrap.json"] = q
				fmt.Println("shrinkwrap", doc.Bundle)
			}
			continue
		}
		s.tags[doc.Name] = doc.Tags
		for v, raw := range doc.Versions {
			m, err := manifest.Read(raw)
			if err != nil {
				t.Fatal(err)
			}
			m.Name, m.Version = doc.Name, v
			m.Tarball = m.Name + "/" + m.Version
			s.versions[doc.Name] = append(s.versions[doc.Name], m)
		}
	}
	a := txtar.Parse(gunz(t, "../testdata/sets.txtar.gz"))
	for i := 0; i+1 < len(a.Files); i += 2 {
		name := strings.TrimSuffix(a.Files[i].Name, "/package.json")
		if strings.HasSuffix(name, "--force") != (os.Getenv("FORCE") != "") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			p, _, err := manifest.ParseProject(a.Files[i].Data)
			if err != nil {
				t.Fatal(err)
			}
			o := options(&recorded{})
			o.LegacyPeers = strings.HasSuffix(name, "--legacy")
			o.Force = strings.HasSuffix(name, "--force")
			if os.Getenv("CASE") == name {
				debug = func(f string, a ...any) { fmt.Printf(f+"\n", a...) }
				defer func() { debug = nil }()
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			tree, err := Place(t.Context(), s, p, o)
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			if tree != nil && (took > 50*time.Millisecond || len(tree.Packages) > 800) {
				fmt.Printf("%-30s %5d packages %v %d MB allocated\n", name, len(tree.Packages), took, (after.TotalAlloc-before.TotalAlloc)>>20)
			}
			diff(t, scratchLines(tree, err), strings.Split(strings.TrimSpace(string(a.Files[i+1].Data)), "\n"))
			if t.Failed() {
				t.Logf("%s err %v", a.Files[i].Data, err)
			}
		})
	}
}
