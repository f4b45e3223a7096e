package locked

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/registry"
)

var lambda = manifest.Target{Runtime: "nodejs20.x", Arch: "x86_64", OS: "linux", CPU: "x64", Libc: "glibc", Node: "20.20.2"}

const sri = "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg=="

// graphOf makes a graph of lines: "a@1 os=darwin: b@1, optional c@2, peer d@1". The
// line of the project begins with ":".
func graphOf(t *testing.T, by Tool, text string) *Graph {
	t.Helper()
	g := &Graph{File: "lock", AllowOutside: []string{"../l"}, Tool: by, Placed: by == NPM, Packages: map[string]*Package{}}
	linked := map[string]bool{}
	for line := range strings.Lines(strings.TrimSpace(text)) {
		head, wishes, _ := strings.Cut(strings.TrimSpace(line), ":")
		words := strings.Fields(head)
		p, key := &Package{URL: "https://r/x.tgz", Integrity: sri}, ""
		if len(words) > 0 {
			key = words[0]
			p.Name, p.Version, _ = strings.Cut(key, "@")
			if g.Placed {
				p.Path = "node_modules/" + p.Name
			}
		}
		for _, word := range words[min(1, len(words)):] {
			switch name, value, _ := strings.Cut(word, "="); name {
			case "os":
				p.OS = []string{value}
			case "node":
				p.Node = value
			case "fault":
				p.Fault = value
			case "linked", "planted": // package.json asks for the folder, or for a version
				p.Local, p.Linked, p.URL, p.Integrity = value, true, "", ""
				linked[key] = name == "linked"
			default:
				t.Fatalf("%q is not a word of a graph", word)
			}
		}
		for wish := range strings.SplitSeq(wishes, ",") {
			words := strings.Fields(wish)
			if len(words) == 0 {
				continue
			}
			e := Edge{To: words[len(words)-1]}
			if len(words) == 2 {
				e.Kind = Kind(words[0])
			}
			e.Name, e.Spec, _ = strings.Cut(e.To, "@")
			if strings.HasSuffix(e.To, "!") { // the lock file has none
				e.To, e.Spec = "", strings.TrimSuffix(e.Spec, "!")
			}
			p.Edges = append(p.Edges, e)
		}
		SortEdges(p.Edges)
		g.Packages[key] = p
	}
	for _, p := range g.Packages {
		for i, e := range p.Edges {
			if linked[e.To] {
				p.Edges[i].Spec = "link:" + g.Packages[e.To].Local
			}
		}
	}
	g.Prune()
	return g
}

// silent is a registry that must not be asked.
type silent struct{ t *testing.T }

func (s silent) Packument(_ context.Context, name string) (*registry.Packument, error) {
	s.t.Errorf("asked for %s", name)
	return nil, errors.New("asked")
}

func (s silent) Manifest(_ context.Context, name, version string) (*manifest.Manifest, error) {
	s.t.Errorf("asked for %s@%s", name, version)
	return nil, errors.New("asked")
}

func (s silent) Bundle(context.Context, *manifest.Manifest) (map[string]*manifest.Manifest, []byte, error) {
	return nil, nil, errors.New("asked")
}

func (s silent) Locate(_, _, resolved string) string { return resolved }

func TestTreeFor(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		tool  Tool
		graph string
		want  string // paths without node_modules, or a part of the error after "error "
	}{
		{"versions nest where another is in the way", Yarn1, ": a@1, b@1\na@1: b@2\nb@1:\nb@2: c@1\nc@1:", "a a/b b c"},
		{"two wish for the version that is not at the top", Pnpm, ": a@1, b@1, c@1\na@1: b@2\nb@1:\nb@2:\nc@1: b@2", "a a/b b c c/b"},
		{"a peer is what the dependent finds", Pnpm, ": a@1, p@1\na@1: p@2, q@1\np@1:\np@2:\nq@1: peer p@2", "a a/p a/q p"},
		{"optional packages take along what they alone need", Yarn1, ": optional a@1, d@1\na@1: b@1, c@1\nb@1 os=darwin:\nc@1: d@1\nd@1:", "d"},
		{"a fault of what goes does not count", Yarn1, ": optional a@1, d@1\na@1 os=darwin: b@1\nb@1 fault=broken:\nd@1:", "d"},
		{"a fault of what stays does", Yarn1, ": d@1\nd@1 fault=broken:", "error d@1: broken"},
		{"all faults at once", Yarn1, ": c@1, d@1\nc@1 fault=torn:\nd@1 fault=broken:", "error c@1: torn\nreading lock file \"lock\": d@1: broken"},
		{"what must run elsewhere", NPM, ": a@1\na@1: b@1\nb@1 os=darwin:", "error b@1: a@1 needs it, and its os is darwin"},
		{"development holds for npm", NPM, ": a@1, dev d@1\na@1: optional w@1\nw@1 os=win32: r@1\nd@1: r@1\nr@1:", "a r"},
		{"development holds nothing for pnpm", Pnpm, ": a@1, dev d@1\na@1: optional w@1\nw@1 os=win32: r@1\nd@1: r@1\nr@1:", "a"},
		{"a linked folder finds what the project has", Yarn1, ": l@1, b@1\nl@1 linked=../l: b@1\nb@1:", "b l"},
		{"a linked folder finds nothing", Yarn1, ": l@1\nl@1 linked=../l: b@1!", `error nothing in the layer answers b "1"`},
		{"a folder outside that only the lock names", Yarn1, ": l@1\nl@1 planted=../l:", `error l@1: it is at "../l" on disk, and no package.json of the project asks for that`},
		{"a folder outside that is not allowed", Yarn1, ": l@1\nl@1 linked=../m:", `error l@1: it lies outside of the project, at "../m": if it is to be packed, write nodejs.allow_outside = ["../m"]`},
		{"a folder beside one that is allowed", Pnpm, ": l@1\nl@1 linked=../lib:", `error write nodejs.allow_outside = ["../lib"]`},
		{"a folder in one that is allowed", Pnpm, ": l@1\nl@1 linked=../l/lib:", "l"},
		{"an archive outside that is not allowed", Yarn1, ": l@1\nl@1 linked=../m/l.tgz:", `error l@1: it lies outside of the project, at "../m/l.tgz"`},
		{"an archive that only the lock names", NPM, ": a@1, l@1\na@1:\nl@1 planted=vendor/l.tgz:", `error l@1: it is at "vendor/l.tgz"`},
		{"a package of a registry asks for a folder", Pnpm, ": a@1\na@1: l@1\nl@1 planted=../../.ssh:", `error l@1: it is at "../../.ssh"`},
		{"what is not packed asks for nothing", NPM, ": a@1, dev l@1\na@1:\nl@1 planted=../l:", "a"},
		{"wishes in a circle", Pnpm, ": a@1\na@1: b@1\nb@1: a@1", "a b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tree, err := TreeFor(t.Context(), silent{t}, graphOf(t, c.tool, c.graph), lambda)
			if words, ok := strings.CutPrefix(c.want, "error "); ok {
				if err == nil || !strings.Contains(err.Error(), words) {
					t.Errorf("got %v, want %q in it", err, words)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range tree.Packages {
				got = append(got, strings.ReplaceAll(p.Path, "node_modules/", ""))
			}
			for _, p := range tree.Local {
				got = append(got, strings.ReplaceAll(p.Path, "node_modules/", ""))
			}
			slices.Sort(got)
			if strings.Join(got, " ") != c.want {
				t.Errorf("got %q, want %q", strings.Join(got, " "), c.want)
			}
		})
	}
}

// TestOneNoteForOneFact has 63 packages that ask for one Node.js.
func TestOneNoteForOneFact(t *testing.T) {
	t.Parallel()
	var wishes, lines []string
	for i := range 63 {
		wishes = append(wishes, fmt.Sprintf("p%02d@1", i))
		lines = append(lines, fmt.Sprintf("p%02d@1 node=>=22:", i))
	}
	tree, err := TreeFor(t.Context(), silent{t}, graphOf(t, NPM, ": "+strings.Join(wishes, ", ")+"\n"+strings.Join(lines, "\n")), lambda)
	if err != nil {
		t.Fatal(err)
	}
	want := "p00@1, p01@1, p02@1, p03@1, p04@1, p05@1, p06@1, p07@1, p08@1, p09@1 and 53 more (63 packages) ask for Node.js >=22, and the target has 20.20.2"
	if !slices.Equal(tree.Notes, []string{want}) {
		t.Errorf("got %q, want one note: %s", tree.Notes, want)
	}
}

func TestWaysOutAreThoseOfTheTool(t *testing.T) {
	t.Parallel()
	for tool, words := range map[Tool][2]string{
		NPM: {"npm install --install-links", "npm install, which writes one"}, Yarn1: {"by file: instead of link:", "yarn install, which writes one"},
		Berry: {"by portal: or file:", "the digest of a zip of their own"}, Pnpm: {"by file: instead of link:", "pnpm 10 or later"},
	} {
		if got := tool.linking(); !strings.Contains(got, words[0]) {
			t.Errorf("%s: got %q, want %q in it", tool, got, words[0])
		}
		if got := tool.sealing(true); !strings.Contains(got, words[1]) {
			t.Errorf("%s: got %q, want %q in it", tool, got, words[1])
		}
	}
}

// TestIgnoredNamesAreThoseOfPnpm holds what @pnpm/matcher 6 answers.
func TestIgnoredNamesAreThoseOfPnpm(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ patterns, yes, no string }{
		{"", "", "a"},
		{"a", "a", "ab @a/a"},
		{"@esbuild*", "@esbuild/linux-x64 @esbuild", "esbuild"},
		{"*", "a @a/b", ""},
		{"a*b*", "ab a/b/c", "ba"},
		{"*-darwin-*", "@a/b-darwin-arm64", "b-darwin @a/b-linux-x64"},
		{"a*a", "aa aba", "a"},
		{"a? {a,b} [ab]", "a? {a,b} [ab]", "ab a b"},
		{"fsevents !x", "fsevents", "x y"},
		{"!x", "y", "x"},
		{"!x !y", "z", "x y"},
		{"!x x", "x", "y"},
		{"!x *", "x z", ""},
		{"* !x x", "x z", ""},
		{"@img/* !@img/sharp-linux*", "@img/sharp-darwin", "@img/sharp-linux-x64 a"},
	} {
		for want, names := range map[bool]string{true: c.yes, false: c.no} {
			for name := range strings.FieldsSeq(names) {
				if got := ignored(strings.Fields(c.patterns), name); got != want {
					t.Errorf("%q of %q is %v", c.patterns, name, got)
				}
			}
		}
	}
}
