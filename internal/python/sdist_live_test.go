//go:build live

package python

import (
	"archive/zip"
	"bufio"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// realSdist is what a line group of testdata/sdists.txt says.
type realSdist struct {
	filename, sha256 string
	files            map[string]string // half of the SHA-256, by path
}

func readRealSdists(t *testing.T) []realSdist {
	t.Helper()
	f, err := os.Open("testdata/sdists.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var all []realSdist
	for lines := bufio.NewScanner(f); lines.Scan(); {
		first, rest, _ := strings.Cut(strings.TrimSpace(lines.Text()), " ")
		switch {
		case first == "#":
		case strings.HasPrefix(lines.Text(), "  "):
			all[len(all)-1].files[rest] = first
		default:
			all = append(all, realSdist{first, strings.TrimPrefix(rest, "sha256:"), map[string]string{}})
		}
	}
	return all
}

// built makes the wheel of a source distribution of the public index.
func (r realSdist) built(t *testing.T, cat *catalog) *builtWheel {
	t.Helper()
	name, _, _, ok := sdistName(r.filename)
	if !ok {
		t.Fatalf("%q is no name", r.filename)
	}
	p, err := cat.page(name).wait(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	digest, err := store.ParseDigest(r.sha256)
	if err != nil {
		t.Fatal(err)
	}
	for i := range p.files {
		if f := &p.files[i]; f.name == r.filename {
			address, err := p.address(f)
			if err != nil {
				t.Fatal(err)
			}
			b, err := cat.builtWheel(t.Context(), sourceFile(address, digest, f.size), f.name)
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
	}
	t.Fatalf("the index has no %q", r.filename)
	return nil
}

func liveCatalog(t *testing.T) *catalog {
	t.Helper()
	client, _ := newClient(t, nil)
	cat, err := newCatalog(client, &Spec{})
	if err != nil {
		t.Fatal(err)
	}
	cat.ctx = t.Context()
	t.Cleanup(cat.tasks.Wait)
	return cat
}

// TestRealSdists compares the wheels of real distributions, file by file, with
// those that pip made of them.
func TestRealSdists(t *testing.T) {
	t.Parallel()
	cat := liveCatalog(t)
	all := readRealSdists(t)
	if len(all) < 20 {
		t.Fatalf("%d distributions are recorded", len(all))
	}
	for _, r := range all {
		got := map[string]string{}
		for name, body := range r.built(t, cat).files {
			if !strings.HasSuffix(name, ".dist-info/WHEEL") {
				got[name] = fmt.Sprintf("%x", sha256.Sum256(body))[:32]
			}
		}
		compareSums(t, r.filename, got, r.files)
	}
}

func compareSums(t *testing.T, of string, got, want map[string]string) {
	t.Helper()
	for name, sum := range want {
		if got[name] != sum {
			t.Errorf("%s: %s has the SHA-256 %q, want %q", of, name, got[name], sum)
		}
	}
	for name := range got {
		if want[name] == "" {
			t.Errorf("%s: %s is in no wheel of pip's", of, name)
		}
	}
}

// TestSdistsAsPipMakesThem lets the machine's pip make two of the wheels now.
func TestSdistsAsPipMakesThem(t *testing.T) {
	t.Parallel()
	cat := liveCatalog(t)
	constraints := filepath.Join(t.TempDir(), "constraints.txt")
	if err := os.WriteFile(constraints, []byte("setuptools=="+setuptoolsVersion+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, r := range readRealSdists(t) {
		name, _, version, _ := sdistName(r.filename)
		if name != "docopt" && name != "antlr4-python3-runtime" {
			continue
		}
		dir := t.TempDir()
		pip := exec.CommandContext(t.Context(), "python3", "-m", "pip", "wheel", "-q", "--no-deps", "--use-pep517", "--no-cache-dir", "--no-binary", name, "-w", dir, name+"=="+version)
		pip.Env = append(os.Environ(), "PIP_CONSTRAINT="+constraints)
		if out, err := pip.CombinedOutput(); err != nil {
			t.Fatalf("pip wheel %s: %v\n%s", name, err, out)
		}
		wheels, err := filepath.Glob(filepath.Join(dir, "*.whl"))
		if err != nil || len(wheels) != 1 {
			t.Fatalf("pip wrote %q, %v", wheels, err)
		}
		want := zipSums(t, wheels[0])
		got := map[string]string{}
		for file, body := range r.built(t, cat).files {
			if !strings.HasSuffix(file, ".dist-info/WHEEL") {
				got[file] = fmt.Sprintf("%x", sha256.Sum256(body))
			}
		}
		compareSums(t, r.filename, got, want)
	}
}

func zipSums(t *testing.T, name string) map[string]string {
	t.Helper()
	archive, err := zip.OpenReader(name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = archive.Close() }()
	sums := map[string]string{}
	for _, e := range archive.File {
		if strings.HasSuffix(e.Name, "/") || strings.HasSuffix(e.Name, ".dist-info/WHEEL") || strings.HasSuffix(e.Name, ".dist-info/RECORD") {
			continue
		}
		r, err := e.Open()
		if err != nil {
			t.Fatal(err)
		}
		h := sha256.New()
		if _, err := io.Copy(h, r); err != nil {
			t.Fatal(err)
		}
		_ = r.Close()
		sums[e.Name] = fmt.Sprintf("%x", h.Sum(nil))
	}
	return sums
}
