//go:build live

package lockfile

import (
	"archive/zip"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/index"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pythontest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// The tools that lock the shop, and the versions that the tests are made for.
const (
	poetryTool = "poetry==2.5.1"
	pipenvTool = "pipenv==2026.10.3"
	pipTool    = "pip==26.3"
)

// shopProject is one project for every tool, pinned so that all of them agree.
// Poetry asks the index through its simple pages, as it does with every index
// but the default one.
const shopProject = `-- pyproject.toml --
[project]
name = "shop"
version = "0.1.0"
requires-python = ">=3.10,<3.15"
dependencies = [
  "requests[socks]==2.32.5", "certifi==2025.10.5", "charset-normalizer==3.4.4", "idna==3.11",
  "urllib3==2.5.0", "pysocks==1.7.1", "colorama==0.4.6; sys_platform == 'win32'",
]

[project.optional-dependencies]
json = ["orjson==3.11.5"]
places = ["given==1.0", "iniconfig @ ADDRESS"]

[dependency-groups]
docs = ["markupsafe==3.0.3"]

[tool.setuptools]
packages = []

[tool.uv.sources]
given = { path = "wheels/given-1.0-py3-none-any.whl" }

[tool.poetry]
package-mode = false

[tool.poetry.dependencies]
given = { path = "wheels/given-1.0-py3-none-any.whl" }

[[tool.poetry.source]]
name = "simple"
url = "https://pypi.org/simple/"
priority = "primary"
-- Pipfile --
[[source]]
name = "pypi"
url = "https://pypi.org/simple"
verify_ssl = true

[packages]
requests = { version = "==2.32.5", extras = ["socks"] }
certifi = "==2025.10.5"
charset-normalizer = "==3.4.4"
idna = "==3.11"
urllib3 = "==2.5.0"
pysocks = "==1.7.1"
colorama = { version = "==0.4.6", markers = "sys_platform == 'win32'" }

[json]
orjson = "==3.11.5"

[docs]
markupsafe = "==3.0.3"

[places]
given = { path = "./wheels/given-1.0-py3-none-any.whl" }
iniconfig = { file = "ADDRESS" }
`

// addressOfWheel is where the shop finds one of its wheels, with its digest.
const (
	addressOfWheel     = "https://files.pythonhosted.org/packages/2c/e1/e6716421ea10d38022b952c159d5161ca1193197fb744506875fbb87ea7b/iniconfig-2.1.0-py3-none-any.whl"
	sumOfAddressedFile = "9deba5723312380e77435581c6bf4935c94cbfab9b1ed33ef8d238ea168eb760"
)

// toolLock is a lock file of the shop, and how its extra and its group are
// asked for.
type toolLock struct {
	file         string
	plain, whole Options
	flat         bool     // extra and group are locked with the rest, and cannot be left out
	places       *Options // asks for wheels on disk and at an address, if it has them
}

var sumFault = regexp.MustCompile(`sha256|SHA-256`)

var (
	nothing  = Options{}
	jsonDocs = Options{Extras: []string{"json"}, Groups: []string{"docs"}}
	places   = Options{Extras: []string{"places"}}
)

// TestToolsLockTheSameWheels locks one project with each of the tools, takes
// the wheels of every lock, and then falsifies one hash in each.
func TestToolsLockTheSameWheels(t *testing.T) {
	t.Parallel()
	b := newToolBench(t)
	client, st := pythontest.Client(t, nil)
	wholeNames := []string{
		"certifi==2025.10.5", "charset-normalizer==3.4.4", "idna==3.11", "markupsafe==3.0.3", "orjson==3.11.5",
		"pysocks==1.7.1", "requests==2.32.5", "urllib3==2.5.0",
	}
	plainNames := slices.DeleteFunc(slices.Clone(wholeNames), func(s string) bool {
		return strings.HasPrefix(s, "markupsafe") || strings.HasPrefix(s, "orjson")
	})
	whole, plain := map[string]string{}, map[string]string{} // name==version to SHA-256
	for _, lock := range b.lockShop(t) {
		for _, c := range []struct {
			options Options
			names   []string
			known   map[string]string
		}{{lock.whole, wholeNames, whole}, {lock.plain, plainNames, plain}} {
			chosen := b.locate(t, client, lock.file, c.options)
			var names []string
			for _, w := range chosen.Wheels {
				name := w.Name + "==" + w.Version
				names = append(names, name)
				if had, ok := c.known[name]; ok && had != w.SHA256.Hex() {
					t.Errorf("%s: %s has the digest %s, and %s by another lock", lock.file, w.Filename, w.SHA256.Hex(), had)
				}
				c.known[name] = w.SHA256.Hex()
			}
			if !slices.Equal(names, c.names) {
				t.Errorf("%s with %+v:\n got %v\nwant %v", lock.file, c.options, names, c.names)
			}
			if lock.flat {
				break
			}
		}
		b.refusesFalseHash(t, client, st, lock)
		b.findsPlaces(t, client, lock)
	}
}

// toolBench is where the tools work, with the project.
type toolBench struct {
	uv, dir string
	python  string       // that the tools run on
	target  wheel.Target // of that Python: pip locks for itself alone
	wheel   string       // the digest of the wheel on disk
}

func newToolBench(t *testing.T) *toolBench {
	t.Helper()
	bed := os.Getenv("LAYERBUILD_TESTBED")
	if bed == "" {
		t.Fatal("LAYERBUILD_TESTBED is not set: run the live tests by make test")
	}
	b := &toolBench{uv: filepath.Join(bed, "bin", "uv"), python: filepath.Join(bed, "bin", "python"), dir: unpack(t, strings.ReplaceAll(shopProject, "ADDRESS", addressOfWheel))}
	b.wheel = writeGivenWheel(t, b.dir)
	out, err := exec.CommandContext(t.Context(), b.python, "-c", "import sys, platform; print(sys.version_info.minor, platform.machine())").Output()
	if err != nil {
		t.Fatal(err)
	}
	text, machine, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
	minor, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	b.target = wheel.Target{Runtime: "python3." + text, Minor: minor, Arch: machine, Glibc: 34}
	return b
}

// lockShop runs the tools and returns what they wrote.
func (b *toolBench) lockShop(t *testing.T) []toolLock {
	t.Helper()
	tool := func(arguments ...string) {
		b.run(t, append([]string{"tool", "run", "--no-config", "--python", b.python}, arguments...)...)
	}
	b.run(t, "lock", "--no-config", "--quiet")
	b.run(t, "export", "--no-config", "--quiet", "--frozen", "--no-emit-project", "--extra", "json", "--group", "docs",
		"--format", "pylock.toml", "--output-file", "pylock.uv.toml")
	tool(poetryTool, "lock", "--no-interaction")
	tool(pipTool, "lock", "--quiet", "--output", "pylock.toml", ".[json]", "--group", "docs")
	tool(pipenvTool, "lock", "--categories", "packages json docs places")
	recorded, err := filepath.Abs(filepath.Join("testdata", "locks", "poetry12", "poetry.lock"))
	if err != nil {
		t.Fatal(err)
	}
	return []toolLock{
		{filepath.Join(b.dir, "uv.lock"), nothing, jsonDocs, false, &places},
		{filepath.Join(b.dir, "pylock.uv.toml"), nothing, nothing, true, nil},
		{filepath.Join(b.dir, "poetry.lock"), nothing, jsonDocs, false, &places},
		{recorded, nothing, jsonDocs, false, nil},
		{filepath.Join(b.dir, "Pipfile.lock"), nothing, Options{Groups: []string{"json", "docs"}}, false, &Options{Groups: []string{"places"}}},
		{filepath.Join(b.dir, "pylock.toml"), nothing, nothing, true, nil},
	}
}

func (b *toolBench) run(t *testing.T, arguments ...string) {
	t.Helper()
	home := filepath.Join(b.dir, "home")
	command := exec.CommandContext(t.Context(), b.uv, arguments...)
	command.Dir = b.dir
	command.Env = append(os.Environ(),
		"UV_PYTHON_DOWNLOADS=never", "UV_CACHE_DIR="+filepath.Join(home, "uv"), "UV_TOOL_DIR="+filepath.Join(home, "tools"),
		"POETRY_VIRTUALENVS_CREATE=false", "POETRY_CACHE_DIR="+filepath.Join(home, "poetry"),
		"WORKON_HOME="+filepath.Join(home, "venvs"), "PIPENV_NOSPIN=1", "PIPENV_CACHE_DIR="+filepath.Join(home, "pipenv"),
		"PIP_FIND_LINKS=", // nothing beside the index
	)
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("uv %s: %v\n%s", strings.Join(arguments, " "), err, out)
	}
}

func (b *toolBench) locate(t *testing.T, client *fetch.Client, name string, o Options) *wheel.Lock {
	t.Helper()
	chosen, err := b.tryLocate(t, client, name, o)
	if err != nil {
		t.Fatalf("%s with %+v: %v", name, o, err)
	}
	return chosen
}

func (b *toolBench) tryLocate(t *testing.T, client *fetch.Client, name string, o Options) (*wheel.Lock, error) {
	f, err := ReadLockFile(t.Context(), name, o, []wheel.Target{b.target})
	if err != nil {
		return nil, err
	}
	return f.Locate(t.Context(), client, nil, []wheel.Target{b.target})
}

// refusesFalseHash changes the digest of one wheel in the lock, and wants the
// refusal to name it, at the latest when the wheel is fetched.
func (b *toolBench) refusesFalseHash(t *testing.T, client *fetch.Client, st *store.Store, lock toolLock) {
	t.Helper()
	const honest, forged = "771a87f49d9defaf64091e6e6fe9c18d4833f140bd19464795bc32d966ca37ea", "ae73ac669d23cb59797466dab0418fb3381d9cef6e6e19046fad9fed94f78a17"
	body, err := os.ReadFile(lock.file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(body, []byte(honest)) {
		t.Errorf("%s does not hold the digest of idna 3.11", lock.file)
	}
	dir := t.TempDir()
	for _, name := range []string{filepath.Base(lock.file), "pyproject.toml"} {
		text, err := os.ReadFile(filepath.Join(filepath.Dir(lock.file), name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), bytes.ReplaceAll(text, []byte(honest), []byte(forged)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	chosen, err := b.tryLocate(t, client, filepath.Join(dir, filepath.Base(lock.file)), lock.plain)
	if err == nil {
		err = fetchAll(t, client, st, chosen)
	}
	if err == nil || !strings.Contains(err.Error(), "idna") || !sumFault.MatchString(err.Error()) {
		t.Errorf("%s with a false hash of idna: error %v, want one that names idna and its SHA-256", lock.file, err)
	}
}

// findsPlaces wants the wheel on disk and the one at an address.
func (b *toolBench) findsPlaces(t *testing.T, client *fetch.Client, lock toolLock) {
	t.Helper()
	if lock.places == nil {
		return
	}
	chosen := b.locate(t, client, lock.file, *lock.places)
	var got []string
	for _, w := range chosen.Wheels {
		if w.Name == "given" || w.Name == "iniconfig" {
			got = append(got, w.Name+"=="+w.Version+" "+strings.TrimPrefix(w.Path, filepath.ToSlash(b.dir))+w.URL+" "+w.SHA256.Hex())
		}
	}
	want := []string{"given==1.0 /wheels/given-1.0-py3-none-any.whl " + b.wheel, "iniconfig==2.1.0 " + addressOfWheel + " " + sumOfAddressedFile}
	if !slices.Equal(got, want) {
		t.Errorf("%s with %+v:\n got %q\nwant %q", lock.file, *lock.places, got, want)
	}
}

// writeGivenWheel puts a wheel into the project and returns its digest.
func writeGivenWheel(t *testing.T, dir string) string {
	t.Helper()
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	for _, f := range [][2]string{
		{"given.py", ""},
		{"given-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: given\nVersion: 1.0\n"},
		{"given-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"},
		{"given-1.0.dist-info/RECORD", ""},
	} {
		w, err := z.Create(f[0])
		if err == nil {
			_, err = w.Write([]byte(f[1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "wheels"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "wheels", "given-1.0-py3-none-any.whl"), archive.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return store.Sum(archive.Bytes()).Hex()
}

// fetchAll brings the wheels of a lock into the store.
func fetchAll(t *testing.T, client *fetch.Client, st *store.Store, l *wheel.Lock) error {
	t.Helper()
	m, stop, err := index.NewMirror(t.Context(), client, st, nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	for _, w := range l.Wheels {
		if _, err := m.Fetch(t.Context(), w); err != nil {
			return err
		}
	}
	return nil
}
