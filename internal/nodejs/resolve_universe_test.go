package nodejs

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/placement"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/registry"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/semver"
)

// testdata/universe.jsonl.gz has a registry's documents, a line each, of the
// versions that the sets of testdata/sets.txtar.gz lead to, with the newest of
// each name, and what comes in the tarballs of those that bundle. The expected
// lines of a set are what npm 11.19.1 wrote into its lock for it:
//
//	npm install --package-lock-only --os=linux --cpu=x64 --libc=glibc
//
// on Node.js 20.20.2, a line for each package: its path, name@version, and what
// npm says of it; or "REFUSED" and npm's code. "--legacy" and "--force" in a
// set's name are --legacy-peer-deps and --force.

func TestResolveEqualsNPM(t *testing.T) {
	t.Parallel()
	registry := readUniverse(t, "testdata/universe.jsonl.gz")
	archive := txtar.Parse(unzip(t, "testdata/sets.txtar.gz"))
	sets := 0
	for i := 0; i+1 < len(archive.Files); i += 2 {
		name := strings.TrimSuffix(archive.Files[i].Name, "/package.json")
		project, expected := archive.Files[i].Data, archive.Files[i+1].Data
		sets++
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			compareLines(t, resolvedLines(t, registry, project, name), strings.Split(strings.TrimSpace(string(expected)), "\n"))
		})
	}
	if sets < 40 {
		t.Errorf("the archive has %d sets, want 40 at least", sets)
	}
}

// testdata/tiny.jsonl.gz has registries of a dozen names each, a line for one,
// made at random to be full of peers, conflicts and overrides, with what npm's
// own resolver answered. It cannot be had from packages that people publish.
func TestResolveEqualsNPMOnTinyRegistries(t *testing.T) {
	t.Parallel()
	count := 0
	for line := range bytes.Lines(unzip(t, "testdata/tiny.jsonl.gz")) {
		var c struct {
			Project       json.RawMessage
			Legacy, Force bool
			Manifests     []json.RawMessage
			Expected      []string
		}
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatal(err)
		}
		count++
		if slices.Contains(npmLacks, count) {
			continue
		}
		set := fmt.Sprint(count, map[bool]string{true: "--legacy"}[c.Legacy], map[bool]string{true: "--force"}[c.Force])
		t.Run(set, func(t *testing.T) {
			t.Parallel()
			lines := string(bytes.Join(asBytes(c.Manifests), []byte("\n")))
			compareLines(t, resolvedLines(t, registryOf(t, lines), c.Project, set), c.Expected)
			if t.Failed() {
				t.Logf("the project is %s", c.Project)
			}
		})
	}
	if count < 500 {
		t.Errorf("there are %d registries, want 500 at least", count)
	}
}

// npmLacks are the lines of testdata/tiny.jsonl.gz for which npm's own tree lacks
// a package that is needed.
var npmLacks = []int{7, 227, 283, 336, 496}

// TestResolveCompletesWhatNPMLacks looks up every dependency as Node.js does.
func TestResolveCompletesWhatNPMLacks(t *testing.T) {
	t.Parallel()
	lines := slices.Collect(bytes.Lines(unzip(t, "testdata/tiny.jsonl.gz")))
	for _, number := range npmLacks {
		var c struct {
			Project   json.RawMessage
			Force     bool
			Manifests []json.RawMessage
			Expected  []string
		}
		if err := json.Unmarshal(lines[number-1], &c); err != nil {
			t.Fatal(err)
		}
		p := projectOf(t, string(c.Project))
		known := map[string]*manifest.Manifest{"": &p.Manifest}
		for _, raw := range c.Manifests {
			m, err := manifest.Read(raw)
			if err != nil {
				t.Fatal(err)
			}
			known[m.Name+"@"+m.Version] = m
		}
		tree, err := resolveTree(t.Context(), registryOf(t, string(bytes.Join(asBytes(c.Manifests), []byte("\n")))), p, node20(), treeOptions{Options: placement.Options{Force: c.Force}})
		if err != nil {
			t.Errorf("%d: %v", number, err)
			continue
		}
		if len(tree.Notes) == 0 || !slices.ContainsFunc(tree.Notes, func(n string) bool { return strings.HasPrefix(n, "npm's own tree would lack") }) {
			t.Errorf("%d: got the notes %q, want one of what npm lacks", number, tree.Notes)
		}
		installed := map[string]string{"": ""}
		for _, q := range tree.Packages {
			installed[q.Path] = q.Name + "@" + q.Version
		}
		for at, what := range installed {
			for _, d := range known[what].Dependencies {
				if len(p.Overrides) > 0 {
					d.Spec = "*" // the overrides say what it is
				}
				if !isMet(t, installed, at, d) {
					t.Errorf("%d: %q at %q has no %s@%s", number, what, at, d.Name, d.Spec)
				}
			}
		}
	}
}

// isMet looks for a dependency from a folder upwards.
func isMet(t *testing.T, installed map[string]string, at string, d manifest.Dependency) bool {
	t.Helper()
	for folder := at; ; {
		if what, ok := installed[strings.TrimPrefix(folder+"/node_modules/"+d.Name, "/")]; ok {
			wanted, err := semver.ParseRange(d.Spec)
			if err != nil {
				t.Fatal(err)
			}
			v, err := semver.ParseLoose(what[strings.LastIndex(what, "@")+1:])
			return err == nil && wanted.Match(v)
		}
		if folder == "" {
			return false
		}
		folder = strings.TrimSuffix(folder[:strings.LastIndex(folder, "node_modules/")], "/")
	}
}

func asBytes(raw []json.RawMessage) [][]byte {
	out := make([][]byte, len(raw))
	for i := range raw {
		out[i] = raw[i]
	}
	return out
}

func compareLines(t *testing.T, got, want []string) {
	t.Helper()
	slices.Sort(want)
	if slices.Equal(got, want) {
		return
	}
	for _, line := range got {
		if !slices.Contains(want, line) {
			t.Errorf("got  %s", line)
		}
	}
	for _, line := range want {
		if !slices.Contains(got, line) {
			t.Errorf("want %s", line)
		}
	}
}

// node20 is the target of the recorded answers.
func node20() manifest.Target {
	return manifest.Target{Runtime: "nodejs20.x", Arch: "x86_64", OS: "linux", CPU: "x64", Libc: "glibc", Node: "20.20.2"}
}

// resolvedLines resolves a package.json and tells the answer as npm's lock would.
func resolvedLines(t *testing.T, r registry.Registry, packageJSON []byte, set string) []string {
	t.Helper()
	p, _, err := manifest.ParseProject(packageJSON)
	if err != nil {
		t.Fatal(err)
	}
	o := treeOptions{Options: placement.Options{
		Target: node20(), Whole: true, LegacyPeers: strings.HasSuffix(set, "--legacy"), Force: strings.HasSuffix(set, "--force"),
	}}
	source := newManifests(t.Context(), r, o)
	placed, err := place(t.Context(), source, p, o)
	source.tasks.Wait()
	if refusal, ok := errors.AsType[*manifest.ResolveError](err); ok {
		return []string{"REFUSED " + refusal.Code}
	}
	if err != nil {
		t.Fatal(err)
	}
	lines := make([]string, 0, len(placed.Packages))
	for _, p := range placed.Packages {
		e := lockEntry{Name: p.Manifest.Name, Version: p.Manifest.Version, InBundle: p.Tarball != "", HasInstallScript: p.Manifest.InstallScript}
		e.Dev, e.Optional, e.DevOptional = p.Marks.Has(placement.Dev), p.Marks.Has(placement.Optional), p.Marks.Has(placement.DevOptional)
		e.Peer, e.Extraneous = p.Marks.Has(placement.Peer), p.Marks.Has(placement.Extraneous)
		lines = append(lines, e.line(p.Path))
	}
	slices.Sort(lines)
	return lines
}

// lockEntry is what npm's lock says of a package.
type lockEntry struct {
	Name, Version                                                            string
	Dev, Optional, DevOptional, Peer, InBundle, Extraneous, HasInstallScript bool
}

// line writes an entry as the expectations do: npm's lock says nothing but
// "extraneous" of a package that is.
func (e lockEntry) line(at string) string {
	var flags []string
	for _, f := range []struct {
		name string
		on   bool
	}{
		{"dev", e.Dev && !e.Extraneous},
		{"optional", e.Optional && !e.Extraneous},
		{"devOptional", e.DevOptional && !e.Dev && !e.Optional && !e.Extraneous},
		{"peer", e.Peer && !e.Extraneous},
		{"inBundle", e.InBundle},
		{"extraneous", e.Extraneous},
		{"hasInstallScript", e.HasInstallScript},
	} {
		if f.on {
			flags = append(flags, f.name)
		}
	}
	line := fmt.Sprintf("%s %s@%s", at, e.Name, e.Version)
	if len(flags) > 0 {
		line += " [" + strings.Join(flags, ",") + "]"
	}
	return line
}

// universe is a registry of recorded documents.
type universe struct {
	documents map[string][]byte
	bundles   map[string]bundle // by name@version
	mu        sync.Mutex
	read      map[string]*registry.Packument
}

type bundle struct {
	Bundle     string
	Packages   map[string]json.RawMessage
	Shrinkwrap json.RawMessage
}

func unzip(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func readUniverse(t testing.TB, name string) *universe {
	t.Helper()
	u := &universe{documents: map[string][]byte{}, bundles: map[string]bundle{}, read: map[string]*registry.Packument{}}
	lines := bufio.NewScanner(bytes.NewReader(unzip(t, name)))
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		line := bytes.Clone(lines.Bytes())
		var head struct{ Name, Bundle string }
		if err := json.Unmarshal(line, &head); err != nil {
			t.Fatal(err)
		}
		if head.Bundle == "" {
			u.documents[head.Name] = line
			continue
		}
		var b bundle
		if err := json.Unmarshal(line, &b); err != nil {
			t.Fatal(err)
		}
		u.bundles[head.Bundle] = b
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return u
}

// Packument adds the addresses of tarballs, which the recorded documents lack.
func (u *universe) Packument(_ context.Context, name string) (*registry.Packument, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if p := u.read[name]; p != nil {
		return p, nil
	}
	raw := u.documents[name]
	if raw == nil {
		return nil, &manifest.ResolveError{Code: "E404", Name: name, Detail: "no such package"}
	}
	raw, err := withTarballs(raw, name)
	if err != nil {
		return nil, err
	}
	p, err := registry.ReadPackument(raw)
	if err != nil {
		return nil, err
	}
	u.read[name] = p
	return p, nil
}

// withTarballs writes an address of its own into each version of a document.
func withTarballs(raw []byte, name string) ([]byte, error) {
	var document map[string]json.RawMessage
	var versions map[string]map[string]json.RawMessage
	if err := json.Unmarshal(raw, &document); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(document["versions"], &versions); err != nil {
		return nil, err
	}
	for version, fields := range versions {
		dist := map[string]any{}
		if fields["dist"] != nil {
			if err := json.Unmarshal(fields["dist"], &dist); err != nil {
				return nil, err
			}
		}
		dist["tarball"] = fmt.Sprintf("https://registry.example/%s/-/%s.tgz", name, version)
		text, err := json.Marshal(dist)
		if err != nil {
			return nil, err
		}
		fields["dist"] = text
	}
	text, err := json.Marshal(versions)
	if err != nil {
		return nil, err
	}
	document["versions"] = text
	return json.Marshal(document)
}

func (u *universe) Manifest(context.Context, string, string) (*manifest.Manifest, error) {
	return nil, errors.New("a resolution asks for no single manifest")
}

func (u *universe) Bundle(_ context.Context, m *manifest.Manifest) (map[string]*manifest.Manifest, []byte, error) {
	b, ok := u.bundles[m.Name+"@"+m.Version]
	if !ok {
		return nil, nil, fmt.Errorf("the universe has no bundle of %s@%s", m.Name, m.Version)
	}
	packages := map[string]*manifest.Manifest{}
	for at, raw := range b.Packages {
		p, err := manifest.Read(raw)
		if err != nil {
			return nil, nil, err
		}
		packages[at] = p
	}
	return packages, b.Shrinkwrap, nil
}

func (u *universe) Locate(_, _, resolved string) string { return resolved }

// BenchmarkResolve resolves the recorded sets together, about 1,300 packages, from
// documents that are in memory.
func BenchmarkResolve(b *testing.B) {
	documents := readUniverse(b, "testdata/universe.jsonl.gz")
	archive := txtar.Parse(unzip(b, "testdata/sets.txtar.gz"))
	all := &manifest.Project{}
	for _, file := range archive.Files {
		switch strings.TrimSuffix(file.Name, "/package.json") {
		case "serverless", "angular--legacy", "babel-old", "devdeps", "webpack4", "nest", "cdk", "knex", "langchain":
			for _, d := range projectOf(b, string(file.Data)).Dependencies {
				if !slices.ContainsFunc(all.Dependencies, func(e manifest.Dependency) bool { return e.Name == d.Name }) {
					all.Dependencies = append(all.Dependencies, d)
				}
			}
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		tree, err := resolveTree(b.Context(), documents, all, node20(), treeOptions{Options: placement.Options{Whole: true, LegacyPeers: true}})
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(tree.Packages)), "packages")
	}
}
