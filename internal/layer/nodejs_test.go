package layer

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/release"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// nodeUniverse is the registry of most tests: a package with a dependency in
// two versions, native code in optional packages, scripts, and an ES module.
const nodeUniverse = `
web 1.0.0
  dependencies: parse ^1.0.0, @acme/log ~2.1.0
  bin: web bin/web.js
  file: bin/web.js: #!/usr/bin/env node\nrun()\n
parse 1.0.0
parse 1.4.0
  uploaded: 2024-03-01T00:00:00Z
@acme/log 2.1.3
  dependencies: parse ^0.9.0
parse 0.9.1
parse 2.0.0
  engines: node >=22
  tag: latest
picture 1.0.0
  optional: @picture/linux-x64 1.0.0, @picture/linux-arm64 1.0.0, @picture/darwin-arm64 1.0.0
  script: install node install.js
@picture/linux-x64 1.0.0
  os: linux
  cpu: x64
@picture/linux-arm64 1.0.0
  os: linux
  cpu: arm64
@picture/darwin-arm64 1.0.0
  os: darwin
  cpu: arm64
compiled 1.0.0
  script: install node-gyp rebuild
gyp 1.0.0
  file: binding.gyp: {}
prebuilt 1.0.0
  script: install node-gyp-build
  file: prebuilds/linux-x64/prebuilt.glibc.node: x
  file: prebuilds/linux-arm64/prebuilt.glibc.node: x
module 1.0.0
  json: {"type": "module", "exports": {"import": "./index.js"}}
@aws-sdk/client-s3 3.0.0
picky 1.0.0
  engines: node <21
picky 2.0.0
  engines: node >=22
`

// goldenNode is the digest of the layer of web for nodejs22.x, on every system.
// It moves only with the layout version and the encoder.
const goldenNode = "c34a0bb62faae013df44ba9c8e76ce6538ed512b5baf58bf4386f429363449b6"

func nodeBuilder(t *testing.T, registry *indextest.NPM) *Builder {
	t.Helper()
	environ := func() []string { return []string{"NPM_CONFIG_REGISTRY=" + registry.URL()} }
	return NewBuilder(Options{CacheDir: t.TempDir(), UserAgent: "test", Getenv: func(string) string { return "" }, Environ: environ})
}

func nodeSpec(dependencies ...string) Spec {
	wanted := map[string]string{}
	for _, d := range dependencies {
		name, version, _ := strings.Cut(d, " ")
		wanted[name] = version
	}
	return Spec{Runtimes: []string{"nodejs22.x"}, Architectures: []string{"x86_64"}, NodeJS: &NodeSpec{Dependencies: wanted}}
}

// zipEntries yields the entries of a zip with their content, as the standard
// library reads them.
func zipEntries(t *testing.T, name string) iter.Seq2[*zip.File, []byte] {
	return func(yield func(*zip.File, []byte) bool) {
		t.Helper()
		r, err := zip.OpenReader(name)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = r.Close() }()
		for _, f := range r.File {
			in, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(in)
			if err != nil {
				t.Fatal(err)
			}
			if !yield(f, body) {
				return
			}
		}
	}
}

// zipFiles lists a zip, by the standard library: content, and x where the file
// may be run.
func zipFiles(t *testing.T, name string) map[string]string {
	t.Helper()
	files := map[string]string{}
	for f, body := range zipEntries(t, name) {
		key := f.Name
		if f.Mode()&0o111 != 0 {
			key += "*"
		}
		files[key] = string(body)
	}
	return files
}

// buildNode builds a lock into a new folder and lists the zip.
func buildNode(t *testing.T, b *Builder, l *Lock) (Artifact, map[string]string) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "layer.zip")
	a := build(t, b, l, Output{Path: out, Scripts: fault.SeverityError, Shadow: fault.SeverityWarning})
	return a, zipFiles(t, out)
}

func TestNodeLayer(t *testing.T) {
	t.Parallel()
	registry := indextest.NewNPM(t, nodeUniverse)
	b := nodeBuilder(t, registry)
	l := resolve(t, b, nodeSpec("web ^1"), nil)
	a, files := buildNode(t, b, l)
	names := slices.Sorted(maps.Keys(files))
	want := []string{
		"nodejs/node_modules/@acme/log/index.js", "nodejs/node_modules/@acme/log/node_modules/parse/index.js",
		"nodejs/node_modules/@acme/log/node_modules/parse/package.json", "nodejs/node_modules/@acme/log/package.json",
		"nodejs/node_modules/parse/index.js", "nodejs/node_modules/parse/package.json",
		"nodejs/node_modules/web/bin/web.js*", "nodejs/node_modules/web/index.js", "nodejs/node_modules/web/package.json",
	}
	if !slices.Equal(names, want) {
		t.Errorf("got %q\nwant %q", names, want)
	}
	wantContents := map[string]string{"nodejs:web": "1.0.0", "nodejs:parse": "1.4.0, 0.9.1", "nodejs:@acme/log": "2.1.3"}
	if got := l.Contents(); !maps.Equal(got, wantContents) {
		t.Errorf("contents %v, want %v", got, wantContents)
	}
	if a.SHA256.Hex() != goldenNode {
		t.Errorf("digest %s, want %s", a.SHA256, goldenNode)
	}
}

// TestNodeLockIsTheWholeRecipe builds from the text of a lock on a machine with
// an empty cache, and again on the first without any request.
func TestNodeLockIsTheWholeRecipe(t *testing.T) {
	t.Parallel()
	registry := indextest.NewNPM(t, nodeUniverse)
	b := nodeBuilder(t, registry)
	text, err := resolve(t, b, nodeSpec("web ^1", "picture 1"), nil).Encode()
	if err != nil {
		t.Fatal(err)
	}
	l, err := DecodeLock(text)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := l.Encode(); err != nil || again != text {
		t.Errorf("encoded again: %q, %v\nwant %q", again, err, text)
	}
	first, _ := buildNode(t, b, l)
	other, _ := buildNode(t, nodeBuilder(t, registry), l)
	registry.Forget()
	again, _ := buildNode(t, b, l)
	if asked := registry.Requests(); len(asked) != 0 {
		t.Errorf("building a known lock asked the registry: %v", asked)
	}
	if first.SHA256 != other.SHA256 || first.SHA256 != again.SHA256 {
		t.Errorf("got %s, %s on another machine and %s again", first.SHA256, other.SHA256, again.SHA256)
	}
}

// TestCoresDoNotMatterForNode is alone in setting GOMAXPROCS: no parallel test
// runs beside it.
func TestCoresDoNotMatterForNode(t *testing.T) {
	registry := indextest.NewNPM(t, nodeUniverse)
	var first store.Digest
	for _, cores := range []int{1, 8} {
		old := runtime.GOMAXPROCS(cores)
		b := nodeBuilder(t, registry)
		a, _ := buildNode(t, b, resolve(t, b, nodeSpec("web ^1", "picture 1", "prebuilt 1"), nil))
		runtime.GOMAXPROCS(old)
		if first.IsZero() {
			first = a.SHA256
		}
		if a.SHA256 != first {
			t.Errorf("%d cores: %s, want %s", cores, a.SHA256, first)
		}
	}
}

// TestRuntimesThatDifferHaveTheirOwnTrees asks for a package that has another
// version for Node.js 20 than for 22 and later.
func TestRuntimesThatDifferHaveTheirOwnTrees(t *testing.T) {
	t.Parallel()
	registry := indextest.NewNPM(t, nodeUniverse)
	b := nodeBuilder(t, registry)
	s := nodeSpec("picky *")
	s.Runtimes = []string{"nodejs20.x", "nodejs22.x", "nodejs24.x"}
	l := resolve(t, b, s, nil)
	_, files := buildNode(t, b, l)
	for folder, want := range map[string]string{"nodejs/node20": "1.0.0", "nodejs/node22": "2.0.0", "nodejs/node24": "2.0.0"} {
		if got := versionIn(t, files[folder+"/node_modules/picky/package.json"]); got != want {
			t.Errorf("%s has picky %q, want %q", folder, got, want)
		}
	}
	if len(files) != 6 {
		t.Errorf("got %q, want two files for each runtime", slices.Sorted(maps.Keys(files)))
	}
	if got, want := l.Contents()["nodejs:picky"], "1.0.0, 2.0.0"; got != want {
		t.Errorf("contents name picky %q, want %q", got, want)
	}
	s.Runtimes = []string{"nodejs22.x", "nodejs24.x"}
	if _, files := buildNode(t, b, resolve(t, b, s, nil)); files["nodejs/node_modules/picky/package.json"] == "" || len(files) != 2 {
		t.Errorf("equal trees lie in %q, want one in nodejs/node_modules", slices.Sorted(maps.Keys(files)))
	}
}

func versionIn(t *testing.T, packageJSON string) string {
	t.Helper()
	var m struct{ Version string }
	if err := json.Unmarshal([]byte(packageJSON), &m); err != nil {
		t.Errorf("package.json %q: %v", packageJSON, err)
	}
	return m.Version
}

func TestNativePackagesAreForOneArchitecture(t *testing.T) {
	t.Parallel()
	registry := indextest.NewNPM(t, nodeUniverse)
	b := nodeBuilder(t, registry)
	s := nodeSpec("picture 1")
	for arch, want := range map[string]string{"x86_64": "nodejs:@picture/linux-x64", "arm64": "nodejs:@picture/linux-arm64"} {
		s.Architectures = []string{arch}
		contents := resolve(t, b, s, nil).Contents()
		if len(contents) != 2 || contents[want] != "1.0.0" {
			t.Errorf("%s: contents %v, want picture and %s", arch, contents, want)
		}
	}
	s.Architectures = []string{"x86_64", "arm64"}
	_, err := b.Resolve(t.Context(), s, nil)
	wantInput(t, err, "architectures", "@picture/linux-arm64@1.0.0, @picture/linux-x64@1.0.0", `for_each      = toset(["x86_64", "arm64"])`)
	s.NodeJS.Dependencies = map[string]string{"web": "1", "prebuilt": "1"}
	if l := resolve(t, b, s, nil); len(l.NodeJS.Trees) != 1 {
		t.Errorf("packages for every platform have %d trees, want one", len(l.NodeJS.Trees))
	}
}

// wantInput wants a *fault.Error at the attribute that says all of the texts.
func wantInput(t *testing.T, err error, attribute string, texts ...string) {
	t.Helper()
	var input *fault.Error
	if !errors.As(err, &input) || input.At.String() != attribute {
		t.Errorf("got %v, want a fault at %s", err, attribute)
		return
	}
	for _, text := range texts {
		if !strings.Contains(input.Error(), text) {
			t.Errorf("%q does not say %q", input.Error(), text)
		}
	}
}

func TestNodeLockStaysAndMovesLittle(t *testing.T) {
	t.Parallel()
	registry := indextest.NewNPM(t, nodeUniverse)
	b := nodeBuilder(t, registry)
	old := resolve(t, b, nodeSpec("web ^1"), nil)
	if err := registry.Add("parse 1.9.0\nweb 1.1.0\n  dependencies: parse ^1.0.0\n"); err != nil {
		t.Fatal(err)
	}
	registry.Forget()
	if same := resolve(t, nodeBuilder(t, registry), nodeSpec("web ^1"), old); same.NodeJS != old.NodeJS {
		t.Error("an unchanged request got another lock")
	}
	if asked := registry.Requests(); len(asked) != 0 {
		t.Errorf("an unchanged request asked the registry: %v", asked)
	}
	moved := resolve(t, nodeBuilder(t, registry), nodeSpec("web ^1", "module 1"), old).Contents()
	if moved["nodejs:web"] != "1.0.0" || moved["nodejs:parse"] != "1.4.0, 0.9.1" || moved["nodejs:module"] != "1.0.0" {
		t.Errorf("one more dependency moved others: %v", moved)
	}
	s := nodeSpec("web ^1")
	s.Triggers = map[string]string{"a": "b"}
	if anew := resolve(t, nodeBuilder(t, registry), s, old).Contents(); anew["nodejs:web"] != "1.1.0" || anew["nodejs:parse"] != "1.9.0" {
		t.Errorf("with another trigger: %v, want the newest", anew)
	}
}

// TestEarlierVersionsStayWithTheirRuntime edits a project for two runtimes that
// have different versions of a package, and one that moves to an older runtime.
func TestEarlierVersionsStayWithTheirRuntime(t *testing.T) {
	t.Parallel()
	registry := indextest.NewNPM(t, nodeUniverse)
	b := nodeBuilder(t, registry)
	both := []string{"nodejs20.x", "nodejs22.x"}
	for name, c := range map[string]struct {
		before, after []string
		want          []string // versions of picky for the runtimes after
	}{
		"another dependency":  {both, both, []string{"1.0.0", "2.0.0"}},
		"an older runtime":    {[]string{"nodejs22.x"}, []string{"nodejs20.x"}, []string{"1.0.0"}},
		"an older one beside": {[]string{"nodejs22.x"}, both, []string{"1.0.0", "2.0.0"}},
	} {
		s := nodeSpec("picky *")
		s.Runtimes = c.before
		old := resolve(t, b, s, nil)
		s = nodeSpec("picky *", "web 1")
		s.Runtimes = c.after
		l := resolve(t, b, s, old)
		var got []string
		for _, tree := range l.NodeJS.Trees {
			for _, p := range tree.Packages {
				if p.Name == "picky" {
					got = append(got, p.Version)
				}
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got picky %q, want %q", name, got, c.want)
		}
	}
}

func TestNodeCutOff(t *testing.T) {
	t.Parallel()
	registry := indextest.NewNPM(t, nodeUniverse)
	february := release.CutOff{At: time.Date(2024, 2, 1, 0, 0, 0, 0, time.UTC)}
	s := nodeSpec("parse 1")
	s.CutOff = february
	if got := resolve(t, nodeBuilder(t, registry), s, nil).Contents()["nodejs:parse"]; got != "1.0.0" {
		t.Errorf("a range got %s, want the release before the cut-off", got)
	}
	pinned := nodeSpec("parse 1.4.0")
	pinned.CutOff = february
	if got := resolve(t, nodeBuilder(t, registry), pinned, nil).Contents()["nodejs:parse"]; got != "1.4.0" {
		t.Errorf("a pin got %s, want what it names", got)
	}
	pinned.NodeJS.CutOff = release.CutOff{At: february.At, Explicit: true}
	_, err := nodeBuilder(t, registry).Resolve(t.Context(), pinned, nil)
	wantInput(t, err, "nodejs.dependencies", `No version of "parse" fits "1.4.0"`)
}

// TestCutOffsHoldForOneEcosystem has a moment of the layer, of Python and of Node.js.
// An exact version is exempt from one that nobody named.
func TestCutOffsHoldForOneEcosystem(t *testing.T) {
	t.Parallel()
	index, registry := indextest.New(t, universe), indextest.NewNPM(t, nodeUniverse)
	moment := func(month time.Month, explicit bool) release.CutOff {
		return release.CutOff{At: time.Date(2024, month, 15, 0, 0, 0, 0, time.UTC), Explicit: explicit}
	}
	for name, c := range map[string]struct {
		layer, python, nodejs release.CutOff
		wanted                string // of parse
		lib, parse            string
	}{
		"of the layer":             {layer: moment(2, true), wanted: "1", lib: "1.0", parse: "1.0.0"},
		"of Python":                {python: moment(2, true), wanted: "1", lib: "1.0", parse: "1.4.0"},
		"of Node.js":               {nodejs: moment(2, true), wanted: "1", lib: "2.0", parse: "1.0.0"},
		"of the layer and Python":  {layer: moment(4, true), python: moment(2, true), wanted: "1", lib: "1.0", parse: "1.4.0"},
		"of the layer and Node.js": {layer: moment(2, true), nodejs: moment(4, true), wanted: "1", lib: "1.0", parse: "1.4.0"},
		"of an age and Python":     {layer: moment(2, false), python: moment(2, true), wanted: "1.4.0", lib: "1.0", parse: "1.4.0"},
	} {
		environ := func() []string { return []string{"NPM_CONFIG_REGISTRY=" + registry.URL()} }
		b := NewBuilder(Options{CacheDir: t.TempDir(), Getenv: variables(t, "PIP_INDEX_URL="+index.URL()), Environ: environ})
		s := nodeSpec("parse " + c.wanted)
		s.Runtimes, s.CutOff, s.NodeJS.CutOff = []string{"python3.12", "nodejs22.x"}, c.layer, c.nodejs
		s.Python = &PythonSpec{Requirements: []string{"lib"}, CutOff: c.python}
		got := resolve(t, b, s, nil).Contents()
		if got["python:lib"] != c.lib || got["nodejs:parse"] != c.parse {
			t.Errorf("%s: got lib %s and parse %s, want %s and %s", name, got["python:lib"], got["nodejs:parse"], c.lib, c.parse)
		}
	}
}

// TestNodeResolutionIsRemembered lets a release appear between plan and apply.
func TestNodeResolutionIsRemembered(t *testing.T) {
	t.Parallel()
	registry := indextest.NewNPM(t, nodeUniverse)
	b := nodeBuilder(t, registry)
	planned, err := resolve(t, b, nodeSpec("parse 1"), nil).Encode()
	if err != nil {
		t.Fatal(err)
	}
	if err := registry.Add("parse 1.9.0\n"); err != nil {
		t.Fatal(err)
	}
	applied, err := resolve(t, b, nodeSpec("parse 1"), nil).Encode()
	if err != nil || applied != planned {
		t.Errorf("got %s, %v\nwant %s", applied, err, planned)
	}
}

func TestTamperedTarballIsRefused(t *testing.T) {
	t.Parallel()
	registry := indextest.NewNPM(t, nodeUniverse)
	b := nodeBuilder(t, registry)
	l := resolve(t, b, nodeSpec("web ^1"), nil)
	other, _ := registry.Tarball("parse", "2.0.0")
	registry.Tamper("parse", "1.4.0", other)
	out := filepath.Join(t.TempDir(), "layer.zip")
	_, err := b.Build(t.Context(), l, Output{Path: out})
	wantInput(t, err, "nodejs", `"parse@1.4.0"`, "sha512-", "nothing of it was used")
	if _, err := os.Stat(out); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a zip is there: %v", err)
	}
}

// TestDamagedNodeBlobsAreMadeAgain flips a byte of every cached file.
func TestDamagedNodeBlobsAreMadeAgain(t *testing.T) {
	t.Parallel()
	for _, planned := range []bool{true, false} {
		registry := indextest.NewNPM(t, nodeUniverse)
		b := nodeBuilder(t, registry)
		l := resolve(t, b, nodeSpec("web ^1"), nil)
		first, _ := buildNode(t, b, l)
		damage(t, filepath.Join(opened(t, b).store.Dir(), "v1", "blobs"))
		o := Output{Path: filepath.Join(t.TempDir(), "b.zip")}
		if planned {
			o.Want = first.SHA256
		}
		if again := build(t, b, l, o); again.SHA256 != first.SHA256 {
			t.Errorf("planned %t: got %s, want %s", planned, again.SHA256, first.SHA256)
		}
	}
}

// TestNodeFaultsOfTheRegistry wants passing faults to be passed, and others to
// name what failed.
func TestNodeFaultsOfTheRegistry(t *testing.T) {
	t.Parallel()
	registry := indextest.NewNPM(t, nodeUniverse)
	registry.Fail(indextest.NPMFault{Path: "/parse/-/parse-1.4.0.tgz", Status: 503, Times: 1})
	registry.Fail(indextest.NPMFault{Path: "/web/-/web-1.0.0.tgz", Times: 1})
	b := nodeBuilder(t, registry)
	if a, _ := buildNode(t, b, resolve(t, b, nodeSpec("web ^1"), nil)); a.SHA256.Hex() != goldenNode {
		t.Errorf("digest %s, want %s", a.SHA256, goldenNode)
	}
	gone := indextest.NewNPM(t, nodeUniverse)
	b = nodeBuilder(t, gone)
	l := resolve(t, b, nodeSpec("web ^1"), nil)
	gone.Fail(indextest.NPMFault{Path: "/parse/-/parse-1.4.0.tgz", Status: 404})
	if _, err := b.Build(t.Context(), l, Output{}); err == nil || !strings.Contains(err.Error(), `"parse@1.4.0"`) || !strings.Contains(err.Error(), "404") {
		t.Errorf("got %v, want an error that names the package and the answer", err)
	}
}
