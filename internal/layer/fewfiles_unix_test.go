//go:build unix

package layer

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
)

// fewFilesIndex is the variable that makes this test binary a process which builds a
// layer of the index at that address, with 64 open files at most.
const fewFilesIndex = "LAYER_TEST_FEW_FILES_INDEX"

// TestFewOpenFilesSuffice builds a layer of 120 wheels and 300 local files where a
// process may have 64 files open.
func TestFewOpenFilesSuffice(t *testing.T) {
	if address := os.Getenv(fewFilesIndex); address != "" {
		buildWithFewFiles(t, address)
		return
	}
	t.Parallel()
	var universe strings.Builder
	for i := range 120 {
		fmt.Fprintf(&universe, "p%d 1.0\n", i)
	}
	index := indextest.New(t, universe.String())
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), self, "-test.run=TestFewOpenFilesSuffice$", "-test.count=1")
	child.Env = append(os.Environ(), fewFilesIndex+"="+index.URL())
	if out, err := child.CombinedOutput(); err != nil || !strings.Contains(string(out), "PASS") {
		t.Errorf("%v: %s", err, out)
	}
}

func buildWithFewFiles(t *testing.T, address string) {
	t.Helper()
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 64, Max: 64}); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	s := Spec{Runtimes: []string{"python3.12"}, Architectures: []string{"x86_64"}, Python: &PythonSpec{}}
	for i := range 120 {
		s.Python.Requirements = append(s.Python.Requirements, fmt.Sprintf("p%d==1.0", i))
	}
	if err := os.Mkdir(filepath.Join(dir, "files"), 0o700); err != nil {
		t.Fatal(err)
	}
	for i := range 300 {
		writeFile(t, filepath.Join(dir, "files", fmt.Sprint(i)), strings.Repeat(fmt.Sprint(i), 1000))
	}
	s.Files = []FileSpec{{Source: filepath.Join(dir, "files"), Target: "python/more"}}
	b := NewBuilder(Options{
		CacheDir: t.TempDir(), UserAgent: "test",
		Getenv: func(name string) string { return map[string]string{"PIP_INDEX_URL": address}[name] },
	})
	for _, name := range []string{"a.zip", "b.zip"} {
		l := resolve(t, b, s, nil)
		if a := build(t, b, l, Output{Path: filepath.Join(dir, name)}); a.Size == 0 {
			t.Error("the layer is empty")
		}
	}
}
