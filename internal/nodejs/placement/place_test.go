package placement

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
)

func placeCase(t *testing.T, name string) (*Tree, error) {
	t.Helper()
	for _, file := range []string{"cases", "cases-random", "cases-endless"} {
		for _, c := range readRecorded(t, "testdata/"+file+".jsonl.gz") {
			if c.Name == name {
				return Place(t.Context(), c.shop(t), c.project(t), options(&c))
			}
		}
	}
	t.Fatalf("there is no case %q", name)
	return nil, nil
}

// TestEndlessRegistriesAreRefusedByName has registries for which npm never ends.
func TestEndlessRegistriesAreRefusedByName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][]string{
		"peer-party-inner-conflict":         {"app@1.0.0", "core@1.0.0", "one@1.0.0", "plug@1.0.0", "two@1.0.0"},
		"peer-party-optional-in-party-deep": {"app@1.0.0", "core@1.0.0", "one@1.0.0", "plug@1.0.0", "two@1.0.0"},
	} {
		_, err := placeCase(t, name)
		refusal, ok := errors.AsType[*manifest.ResolveError](err)
		if !ok || refusal.Name != want[0] || !strings.HasPrefix(refusal.Detail, strings.Join(want, ", ")+" bring each other's peer dependencies") {
			t.Errorf("%s: got %v, want the names %q", name, err, want)
		}
	}
	for _, c := range readRecorded(t, "testdata/cases-endless.jsonl.gz") {
		_, err := Place(t.Context(), c.shop(t), c.project(t), options(&c))
		_, ok := errors.AsType[*manifest.ResolveError](err)
		if names, _, endless := strings.Cut(fmt.Sprint(err), " bring each other's peer dependencies"); !ok || !endless || !strings.Contains(names, ", ") {
			t.Errorf("%s: got %v, want a refusal that names packages", c.Name, err)
		}
	}
}

// TestWhatIsNeededIsThere has registries for which npm's tree lacks a package.
func TestWhatIsNeededIsThere(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][]string{
		"pin-bad-simple": {"node_modules/app app@3.0.0 peer", "node_modules/cat cat@3.0.0 peer", "node_modules/dog dog@1.1.0", "node_modules/dog/node_modules/cat cat@1.0.0"},
	} {
		tree, err := placeCase(t, name)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if compareLines(t, treeLines(tree, err), want) {
			t.Log(name)
		}
		if len(tree.Notes) != 1 || !completes(tree.Notes[0]) {
			t.Errorf("%s: got the notes %v, want one that says so", name, tree.Notes)
		}
	}
	// In these no plain demand lacks its package: rules contradict each other, or
	// what lacks it is a peer or optional.
	other := map[string]string{
		"override-two-trees": "overruled", "small-20261130-32": "overruled", "pin-rules-clash": "",
		"pin-must-in-own-2": "", "random-1125": "", "pin-rules-clash-2": "ELOOP",
	}
	whole, refused := 0, 0
	for _, file := range []string{"cases", "cases-random"} {
		for _, c := range readRecorded(t, "testdata/"+file+".jsonl.gz") {
			if len(c.Unmet) == 0 {
				continue
			}
			tree, err := Place(t.Context(), c.shop(t), c.project(t), options(&c))
			refusal, ok := errors.AsType[*manifest.ResolveError](err)
			if want, known := other[c.Name]; known {
				if overruled := err == nil && slices.ContainsFunc(tree.Notes, func(n string) bool { return strings.HasPrefix(n, "two overrides contradict each other") }); overruled != (want == "overruled") || ok != (want == "ELOOP") {
					t.Errorf("%s: got the error %v and the notes %v, want %s", c.Name, err, tree, want)
				}
				continue
			}
			switch {
			case err == nil && slices.ContainsFunc(tree.Notes, completes):
				whole++
			case ok && strings.HasPrefix(refusal.Detail, "npm's own tree lacks it"):
				refused++
			default:
				t.Errorf("%s: got the error %v, want a tree that is whole or a refusal", c.Name, err)
			}
		}
	}
	if whole != 5 || refused != 5 {
		t.Errorf("%d are whole and %d are refused, want 5 and 5", whole, refused)
	}
}

// completes tells whether a note says that npm's own tree would lack something.
func completes(note string) bool { return strings.HasPrefix(note, "npm's own tree would lack ") }

// TestWhatLiesInABundleIsFetched has packages that npm puts below one that bundles
// others: it counts them as bundled, and does not fetch them.
func TestWhatLiesInABundleIsFetched(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct{ own, tarball string }{
		"bundle-late":       {"node_modules/app/node_modules/lib", ""},
		"bundle-late-plain": {"node_modules/app/node_modules/lib", ""},
		"bundle-shares-low": {"node_modules/app/node_modules/low", "node_modules/app/node_modules/lib"},
		"bundle-simple":     {"", "node_modules/app/node_modules/lib"},
	} {
		tree, err := placeCase(t, name)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, p := range tree.Packages {
			if p.Path == want.own && (!p.Marks.Has(Bundled) || p.Tarball != "") {
				t.Errorf("%s: %s is said to come in the tarball of %q", name, p.Path, p.Tarball)
			}
			if p.Path == want.tarball && (!p.Marks.Has(Bundled) || p.Tarball != "node_modules/app") {
				t.Errorf("%s: %s is said to come in the tarball of %q", name, p.Path, p.Tarball)
			}
		}
	}
}

func TestCirclesAreRefused(t *testing.T) {
	t.Parallel()
	_, err := placeCase(t, "cycle-of-versions")
	const want = "packages need each other in a circle of different versions (pong@1.0.0, pong@2.0.0, ping@1.0.0)"
	if refusal, ok := errors.AsType[*manifest.ResolveError](err); !ok || !strings.HasPrefix(refusal.Detail, want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestConflictsNameBothDemands(t *testing.T) {
	t.Parallel()
	source := readShop(t, `
{"name":"plugin","version":"1.0.0","peerDependencies":{"lib":"^1"}}
{"name":"lib","version":"1.0.0"}
{"name":"lib","version":"2.0.0"}
`)
	project, _, err := manifest.ParseProject([]byte(`{"dependencies":{"plugin":"^1","lib":"^2"}}`))
	if err != nil {
		t.Fatal(err)
	}
	_, err = Place(t.Context(), source, project, Options{})
	const want = `resolving "lib@^1", required by "plugin@1.0.0": a peer dependency, but the project asks for "lib@^2"; ` + conflictAdvice + " (ERESOLVE)"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// TestPeersOfEachOtherAreFast has packages that are all peers of all others.
func TestPeersOfEachOtherAreFast(t *testing.T) {
	t.Parallel()
	const size = 16
	var lines strings.Builder
	for i := range size {
		fmt.Fprintf(&lines, `{"name":"p%d","version":"1.0.0","peerDependencies":{`, i)
		for j := range size {
			if j != i {
				fmt.Fprintf(&lines, `"p%d":"^1",`, j)
			}
		}
		lines.WriteString("\"p\":\"*\"}}\n")
	}
	lines.WriteString(`{"name":"p","version":"1.0.0"}`)
	project, _, err := manifest.ParseProject([]byte(`{"dependencies":{"p0":"^1","p9":"^1"}}`))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	tree, err := Place(ctx, readShop(t, lines.String()), project, Options{})
	if err != nil || len(tree.Packages) != size+1 {
		t.Errorf("got %v, %v, want %d packages", tree, err, size+1)
	}
}

// readShop reads a registry of manifests, a line each. The latest of a name is the
// last.
func readShop(t *testing.T, lines string) *shop {
	t.Helper()
	s := &shop{versions: map[string][]*manifest.Manifest{}, tags: map[string]map[string]string{}}
	for line := range strings.Lines(lines) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		m, err := manifest.Read([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		s.versions[m.Name] = append(s.versions[m.Name], m)
		s.tags[m.Name] = map[string]string{"latest": m.Version}
	}
	return s
}

// failing is a source whose registry fails.
type failing struct {
	*shop
	err error
}

func (f failing) Choose(context.Context, manifest.Spec) (*manifest.Manifest, error) {
	return nil, f.err
}

func TestAFailingRegistryEndsThePlacement(t *testing.T) {
	t.Parallel()
	project, _, err := manifest.ParseProject([]byte(`{"optionalDependencies":{"lib":"^2"}}`))
	if err != nil {
		t.Fatal(err)
	}
	failure := errors.New("connection reset")
	if _, err = Place(t.Context(), failing{readShop(t, ""), failure}, project, Options{}); !errors.Is(err, failure) {
		t.Errorf("got %v, want %v", err, failure)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err = Place(ctx, readShop(t, ""), project, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}
