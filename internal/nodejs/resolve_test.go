package nodejs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/modules"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/placement"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/registry"
)

// registryOf returns a registry of manifests, a line of JSON each; "uploaded"
// in one is its upload time. The latest of a name is the version that says so,
// or the last.
func registryOf(t testing.TB, lines string) *universe {
	t.Helper()
	type document struct {
		Name     string                     `json:"name"`
		Tags     map[string]string          `json:"dist-tags"`
		Versions map[string]json.RawMessage `json:"versions"`
		Time     map[string]string          `json:"time,omitempty"`
	}
	documents, tagged := map[string]*document{}, map[string]bool{}
	for line := range strings.Lines(lines) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		var m struct {
			Name, Version, Uploaded string
			Latest                  bool
		}
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		d := documents[m.Name]
		if d == nil {
			d = &document{Name: m.Name, Tags: map[string]string{}, Versions: map[string]json.RawMessage{}, Time: map[string]string{}}
			documents[m.Name] = d
		}
		d.Versions[m.Version] = json.RawMessage(line)
		if !tagged[m.Name] {
			d.Tags["latest"], tagged[m.Name] = m.Version, m.Latest
		}
		if m.Uploaded != "" {
			d.Time[m.Version] = m.Uploaded
		}
	}
	u := &universe{documents: map[string][]byte{}, bundles: map[string]bundle{}, read: map[string]*registry.Packument{}}
	for name, d := range documents {
		raw, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		u.documents[name] = raw
	}
	return u
}

func projectOf(t testing.TB, packageJSON string) *manifest.Project {
	t.Helper()
	p, _, err := manifest.ParseProject([]byte(packageJSON))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func linesOf(tree *modules.Tree) []string {
	var lines []string
	for _, p := range tree.Packages {
		lines = append(lines, lockEntry{Name: p.Name, Version: p.Version, InBundle: p.Bundled}.line(p.Path))
	}
	return lines
}

const small = `
{"name":"app","version":"1.0.0","dependencies":{"lib":"^1","tool":"^2"}}
{"name":"lib","version":"1.0.0"}
{"name":"lib","version":"1.1.0","engines":{"node":">=22"}}
{"name":"lib","version":"2.0.0"}
{"name":"tool","version":"2.0.0","dependencies":{"lib":"^2"},"optionalDependencies":{"native":"1.0.0","gone":"^1"}}
{"name":"native","version":"1.0.0","os":["darwin"],"dependencies":{"helper":"^1"}}
{"name":"helper","version":"1.0.0"}
{"name":"old","version":"1.0.0","uploaded":"2024-01-01T00:00:00Z"}
{"name":"old","version":"1.1.0","uploaded":"2025-01-01T00:00:00Z"}
{"name":"plugin","version":"1.0.0","peerDependencies":{"lib":"^1"}}
{"name":"suite","version":"1.0.0","dependencies":{"plugin":"^1","lib":"^2"}}
{"name":"maybe","version":"1.0.0","peerDependencies":{"helper":"^1"},"peerDependenciesMeta":{"helper":{"optional":true}}}
{"name":"forked","version":"1.0.0","optionalDependencies":{"fork":"user/fork"}}
{"name":"stuck","version":"1.0.0","dependencies":{"fork":"git+https://host.example/fork.git"}}
{"name":"ping","version":"1.0.0","dependencies":{"pong":"1"}}
{"name":"ping","version":"2.0.0","dependencies":{"pong":"2"}}
{"name":"pong","version":"1.0.0","dependencies":{"ping":"2"}}
{"name":"pong","version":"2.0.0","dependencies":{"ping":"1"}}
`

func TestResolvePlaces(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		project string
		node    string
		opts    treeOptions
		want    []string
	}{
		"the first of a name goes to the top, another version below its dependent, and what does not fit is left out": {
			project: `{"dependencies":{"app":"^1"}}`,
			want:    []string{"node_modules/app app@1.0.0", "node_modules/lib lib@1.0.0", "node_modules/tool tool@2.0.0", "node_modules/tool/node_modules/lib lib@2.0.0"},
		},
		"a newer target takes a version that asks for it": {
			project: `{"dependencies":{"lib":"^1"}}`, node: "22.1.0",
			want: []string{"node_modules/lib lib@1.1.0"},
		},
		"the cut-off hides what came later": {
			project: `{"dependencies":{"old":"^1"}}`, opts: treeOptions{Before: time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC)},
			want: []string{"node_modules/old old@1.0.0"},
		},
		"an earlier tree's version stays": {
			project: `{"dependencies":{"old":"^1"}}`, opts: treeOptions{Prefer: map[string][]string{"old": {"0.9.0", "1.0.0"}}},
			want: []string{"node_modules/old old@1.0.0"},
		},
		"an earlier tree's version goes where it does not satisfy": {
			project: `{"dependencies":{"old":"^1.1"}}`, opts: treeOptions{Prefer: map[string][]string{"old": {"1.0.0"}}},
			want: []string{"node_modules/old old@1.1.0"},
		},
		"development takes part in the layout, not in the layer": {
			project: `{"dependencies":{"app":"^1"},"devDependencies":{"lib":"^2"}}`,
			want:    []string{"node_modules/app app@1.0.0", "node_modules/app/node_modules/lib lib@1.0.0", "node_modules/lib lib@2.0.0", "node_modules/tool tool@2.0.0"},
		},
		"what only an optional peer leads to is not installed": {
			project: `{"dependencies":{"maybe":"^1"}}`,
			want:    []string{"node_modules/maybe maybe@1.0.0"},
		},
		"an alias is a folder of its own": {
			project: `{"dependencies":{"lib":"^2","lib1":"npm:lib@^1"}}`,
			want:    []string{"node_modules/lib lib@2.0.0", "node_modules/lib1 lib@1.0.0"},
		},
		"a peer goes with its dependent, and what disagrees goes below": {
			project: `{"dependencies":{"suite":"^1"}}`,
			want: []string{
				"node_modules/lib lib@1.0.0", "node_modules/plugin plugin@1.0.0", "node_modules/suite suite@1.0.0",
				"node_modules/suite/node_modules/lib lib@2.0.0",
			},
		},
		"peers are ignored where asked for": {
			project: `{"dependencies":{"plugin":"^1","lib":"^2"}}`, opts: treeOptions{Options: placement.Options{LegacyPeers: true}},
			want: []string{"node_modules/lib lib@2.0.0", "node_modules/plugin plugin@1.0.0"},
		},
		"force takes the project's own version": {
			project: `{"dependencies":{"plugin":"^1","lib":"^2"}}`, opts: treeOptions{Options: placement.Options{Force: true}},
			want: []string{"node_modules/lib lib@2.0.0", "node_modules/plugin plugin@1.0.0"},
		},
		"overrides": {
			project: `{"dependencies":{"app":"^1"},"overrides":{"tool":{"lib":"1.0.0"}}}`,
			want:    []string{"node_modules/app app@1.0.0", "node_modules/lib lib@1.0.0", "node_modules/tool tool@2.0.0"},
		},
		"an optional dependency from git is dropped": {
			project: `{"dependencies":{"forked":"^1"}}`,
			want:    []string{"node_modules/forked forked@1.0.0"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := node20()
			if c.node != "" {
				target.Node = c.node
			}
			tree, err := resolveTree(t.Context(), registryOf(t, small), projectOf(t, c.project), target, c.opts)
			if err != nil {
				t.Fatal(err)
			}
			if got := linesOf(tree); !slices.Equal(got, c.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

func TestResolveRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ project, code, message string }{
		"a name nobody has":             {`{"dependencies":{"nobody":"^1"}}`, "E404", `resolving "nobody@^1", required by "the project": no such package (E404)`},
		"a version nobody has":          {`{"dependencies":{"tool":"^7"}}`, "ETARGET", `resolving "tool@^7", required by "the project"`},
		"another platform":              {`{"dependencies":{"native":"1.0.0"}}`, "EBADPLATFORM", `it supports only os ["darwin"]`},
		"git":                           {`{"dependencies":{"stuck":"1"}}`, "EUNSUPPORTED", `required by "stuck@1.0.0": it is a git repository`},
		"a folder without package.json": {`{"dependencies":{"mine":"file:./mine"}}`, "EUNSUPPORTED", "not a package folder within the project"},
		"a malformed name":              {`{"dependencies":{".x":"1"}}`, "EINVALIDPACKAGENAME", ".x"},
		"a conflict of peers": {
			`{"dependencies":{"plugin":"^1","lib":"^2"}}`, "ERESOLVE",
			`resolving "lib@^1", required by "plugin@1.0.0": a peer dependency, but the project asks for "lib@^2"; ask for versions that agree, or settle it with "overrides" (ERESOLVE)`,
		},
		"an override of a direct dependency": {`{"dependencies":{"lib":"^1"},"overrides":{"lib":"2.0.0"}}`, "EOVERRIDE", `ask for "2.0.0" instead`},
		"an override without its reference":  {`{"dependencies":{"app":"^1"},"overrides":{"lib":"$none"}}`, "EOVERRIDE", `"$none" names a dependency that neither`},
		"an override of a tag":               {`{"dependencies":{"app":"^1"},"overrides":{"lib@latest":"1.0.0"}}`, "EOVERRIDE", `"lib@latest"`},
		"versions in a circle":               {`{"dependencies":{"ping":"1"}}`, "ELOOP", "circle"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := resolveTree(t.Context(), registryOf(t, small), projectOf(t, c.project), node20(), treeOptions{})
			refusal, ok := errors.AsType[*manifest.ResolveError](err)
			if !ok || refusal.Code != c.code || !strings.Contains(err.Error(), c.message) {
				t.Errorf("got  %v\nwant %s: … %s", err, c.code, c.message)
			}
		})
	}
}

func TestResolveNotesWhatIsMissing(t *testing.T) {
	t.Parallel()
	tree, err := resolveTree(t.Context(), registryOf(t, small), projectOf(t, `{"dependencies":{"tool":"^2","forked":"1"},"optionalDependencies":{"lib":"~1.1"}}`), node20(), treeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`lib@1.1.0, an optional dependency, is left out: the target has Node.js 20.20.2, and >=22 wanted`,
		`the optional package is left out: resolving "fork@user/fork", required by "forked@1.0.0"`,
		`the optional package is left out: resolving "gone@^1", required by "tool@2.0.0"`,
	}
	if len(tree.Notes) != len(want) {
		t.Fatalf("got the notes %q, want %d", tree.Notes, len(want))
	}
	for i := range want {
		if !strings.HasPrefix(tree.Notes[i], want[i]) {
			t.Errorf("got the note %q, want %q", tree.Notes[i], want[i])
		}
	}
}

// TestEnginesThatDoNotMatterAreNoNote has a package that refuses npm, which nobody runs
// in a layer, and one for development that refuses the target.
func TestEnginesThatDoNotMatterAreNoNote(t *testing.T) {
	t.Parallel()
	registry := registryOf(t, `{"name":"plain","version":"1.0.0","engines":{"npm":"^6"}}`+"\n"+`{"name":"late","version":"1.0.0","engines":{"node":">=22"}}`)
	for project, want := range map[string][]string{
		`{"dependencies":{"plain":"1"},"devDependencies":{"late":"1"}}`: nil,
		`{"dependencies":{"plain":"1","late":"1"}}`:                     {"late@1.0.0 asks for Node.js >=22, and the target has 20.20.2"},
	} {
		tree, err := resolveTree(t.Context(), registry, projectOf(t, project), node20(), treeOptions{})
		if err != nil || !slices.Equal(tree.Notes, want) {
			t.Errorf("%s: got the notes %q, %v, want %q", project, tree.Notes, err, want)
		}
	}
}

// TestWhatNobodyMissesIsNoNote has a registry that lacks native code: what is
// for other platforms is not told of, what is for the target is.
func TestWhatNobodyMissesIsNoNote(t *testing.T) {
	t.Parallel()
	const carrier = `{"name":"carrier","version":"1.0.0","optionalDependencies":{` +
		`"@carrier/win32-x64":"1","@carrier/core-darwin-arm64":"1","@carrier/linuxmusl-x64":"1","@carrier/linux-x64-musl":"1","@carrier/linux-arm-gnueabihf":"1","@carrier/linux-x64":"1"}}`
	tree, err := resolveTree(t.Context(), registryOf(t, carrier), projectOf(t, `{"dependencies":{"carrier":"1"}}`), node20(), treeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, note := range tree.Notes {
		if !strings.Contains(note, `"@carrier/linux-x64@1"`) {
			t.Errorf("got the note %q", note)
		}
	}
	if len(tree.Notes) != 1 {
		t.Errorf("got %d notes, want one", len(tree.Notes))
	}
}

// TestRegistryWithoutUploadTimesIsNamedOnce has a cut-off that two packages
// without times cannot obey.
func TestRegistryWithoutUploadTimesIsNamedOnce(t *testing.T) {
	t.Parallel()
	project := projectOf(t, `{"dependencies":{"lib":"1","helper":"1","old":"1"}}`)
	for name, c := range map[string]struct {
		before time.Time
		want   []string
	}{
		"no cut-off": {time.Time{}, nil},
		"a cut-off":  {time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC), []string{"the registry gives no upload times: releases of any age are used from it"}},
	} {
		tree, err := resolveTree(t.Context(), registryOf(t, small), project, node20(), treeOptions{Before: c.before})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(tree.Notes, c.want) {
			t.Errorf("%s: got the notes %q, want %q", name, tree.Notes, c.want)
		}
	}
	tree, err := resolveTree(t.Context(), registryOf(t, small), projectOf(t, `{"dependencies":{"old":"1"}}`), node20(), treeOptions{Before: time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC)})
	if err != nil || len(tree.Notes) != 0 {
		t.Errorf("with times: got the notes %q, %v", tree.Notes, err)
	}
}

// TestPeersThatPushEachOther has peers that npm has no good answer for: it
// searches some for ever, and where a package is pushed out of the set that it
// came with, it leaves out a dependency that it should have nested.
func TestPeersThatPushEachOther(t *testing.T) {
	t.Parallel()
	const outOfItsSet = `
{"name":"pb","version":"1.0.0"}
{"name":"pb","version":"1.1.0","peerDependencies":{"pg":"*"}}
{"name":"pb","version":"2.0.0"}
{"name":"pc","version":"2.0.0","dependencies":{"pb":"^2","pd":"~1.0.0"}}
{"name":"pd","version":"1.0.0","peerDependencies":{"pb":"^1"}}
{"name":"pg","version":"2.0.0","peerDependencies":{"pb":"~1.0.0"}}
`
	tree, err := resolveTree(t.Context(), registryOf(t, outOfItsSet), projectOf(t, `{"dependencies":{"pc":">=1"}}`), node20(), treeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	compareLines(t, linesOf(tree), []string{
		"node_modules/pb pb@1.0.0", "node_modules/pc pc@2.0.0", "node_modules/pc/node_modules/pb pb@2.0.0", "node_modules/pd pd@1.0.0",
	})

	const endless = `
{"name":"pb","version":"1.0.0","peerDependencies":{"pf":"1.1.0"}}
{"name":"pd","version":"1.1.0","peerDependencies":{"pf":"~1.0.0"}}
{"name":"pf","version":"1.0.0","dependencies":{"pb":">=1","pd":"^1"}}
`
	_, err = resolveTree(t.Context(), registryOf(t, endless), projectOf(t, `{"dependencies":{"pd":"1.1.0"}}`), node20(), treeOptions{})
	if refusal, ok := errors.AsType[*manifest.ResolveError](err); !ok || refusal.Code != "ELOOP" {
		t.Errorf("got %v, want the refusal ELOOP", err)
	}
}

// TestPeerOfTheProjectsOwnConflicts has a peer that nobody has: npm calls it a
// conflict with what the project asks for, and not a missing package.
func TestPeerOfTheProjectsOwnConflicts(t *testing.T) {
	t.Parallel()
	registry := registryOf(t, `{"name":"pa","version":"1.1.0","peerDependencies":{"pd":">=1"}}`)
	compareLines(t, resolvedLines(t, registry, []byte(`{"dependencies":{"pa":"1.1.0","pd":"^2"}}`), ""), []string{"REFUSED ERESOLVE"})
}

// faulty answers some names with an error.
type faulty struct {
	*universe
	errs map[string]error
}

func (f faulty) Packument(ctx context.Context, name string) (*registry.Packument, error) {
	if err := f.errs[name]; err != nil {
		return nil, err
	}
	return f.universe.Packument(ctx, name)
}

func TestResolveDropsNothingBecauseARegistryFailed(t *testing.T) {
	t.Parallel()
	for name, failure := range map[string]error{
		"network":     errors.New("connection reset"),
		"credentials": &manifest.ResolveError{Code: "E401", Name: "native", Detail: "the token has expired"},
		"forbidden":   &manifest.ResolveError{Code: "E403", Name: "native", Detail: "not for you"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := faulty{registryOf(t, small), map[string]error{"native": failure}}
			tree, err := resolveTree(t.Context(), r, projectOf(t, `{"optionalDependencies":{"native":"^1"}}`), node20(), treeOptions{})
			if !errors.Is(err, failure) {
				t.Errorf("got %v and the error %v, want %v", tree, err, failure)
			}
		})
	}
}

func TestResolveEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := resolveTree(ctx, registryOf(t, small), projectOf(t, `{"dependencies":{"app":"^1"}}`), node20(), treeOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got the error %v, want %v", err, context.Canceled)
	}
}

// shuffled answers each name after a while of its own.
type shuffled struct {
	*universe
	seed byte
}

func (s shuffled) Packument(ctx context.Context, name string) (*registry.Packument, error) {
	h := fnv.New32a()
	h.Write(append([]byte(name), s.seed))
	time.Sleep(time.Duration(h.Sum32()%2000) * time.Microsecond)
	return s.universe.Packument(ctx, name)
}

func TestOrderOfAnswersChangesNothing(t *testing.T) {
	t.Parallel()
	registry := readUniverse(t, "testdata/universe.jsonl.gz")
	var project, expected []byte
	for _, f := range txtar.Parse(unzip(t, "testdata/sets.txtar.gz")).Files {
		switch f.Name {
		case "ov2/package.json":
			project = f.Data
		case "ov2/expected.txt":
			expected = f.Data
		}
	}
	for seed := range byte(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			compareLines(t, resolvedLines(t, shuffled{registry, seed}, project, "ov2"), strings.Split(strings.TrimSpace(string(expected)), "\n"))
		})
	}
}
