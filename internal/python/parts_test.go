package python

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/index"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pythontest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// TestVariablesInTheAddressesOfIndexes has a token in the path of an index, of a page
// with links and of a file, where a requirements file names its variable. The lock and
// the cache hold the variable, and the file is fetched again with its value.
func TestVariablesInTheAddressesOfIndexes(t *testing.T) {
	t.Parallel()
	const token, filename = "CANARYsecret42", "acme-1.0-py3-none-any.whl"
	idx := indextest.New(t, "acme 1.0\n", indextest.WithPath("/"+token))
	_, digest := idx.Wheel(filename)
	masked := func(address string) string { return strings.Replace(address, token, "${IDX_TOKEN}", 1) }
	for name, text := range map[string]string{
		"index":      "-i " + masked(idx.URL()) + "\nacme\n",
		"extra":      "--extra-index-url=" + masked(idx.URL()) + "\nacme\n",
		"find-links": "--no-index\n-f " + masked(idx.URL()) + "acme/\nacme\n",
		"file":       "-i " + masked(idx.URL()) + "\nacme @ " + masked(idx.FileURL(filename)) + "#sha256=" + digest + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "requirements.txt")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			client, st := pythontest.Client(t, nil)
			getenv := func(name string) string {
				return map[string]string{"IDX_TOKEN": token, "UV_NO_CONFIG": "1", "PIP_CONFIG_FILE": os.DevNull}[name]
			}
			env := &Env{Client: client, Store: st, Getenv: getenv}
			runtime, err := runtimes.Lookup("python3.12")
			if err != nil {
				t.Fatal(err)
			}
			targets := []runtimes.Target{{Runtime: runtime, Architecture: runtimes.X8664}}
			lock, err := Resolve(t.Context(), func() (*Env, error) { return env, nil }, &Spec{RequirementsFile: file}, Request{Targets: targets, Getenv: getenv}, nil)
			if err != nil {
				t.Fatal(err)
			}
			kept, err := json.Marshal(lock)
			if err != nil || strings.Contains(string(kept), token) || !strings.Contains(string(kept), "/${IDX_TOKEN}/files/") {
				t.Errorf("the lock is %s, %v", kept, err)
			}
			var again Lock
			if err := json.Unmarshal(kept, &again); err != nil || again.Chosen.Wheels[0].URL != masked(idx.FileURL(filename)) {
				t.Fatalf("it is read as %+v, %v", again.Chosen, err)
			}
			mirror, stop, err := index.NewMirror(t.Context(), client, st, nil, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer stop()
			if _, err := mirror.Fetch(t.Context(), again.Chosen.Wheels[0]); err != nil {
				t.Errorf("fetching it again: %v", err)
			}
			stranger, _ := pythontest.Client(t, nil)
			if other, stop, err := index.NewMirror(t.Context(), stranger, st, nil, nil, nil); err == nil {
				defer stop()
				w := again.Chosen.Wheels[0]
				w.SHA256[0]++
				if _, err := other.Fetch(t.Context(), w); err == nil || strings.Contains(err.Error(), token) {
					t.Errorf("a client without the variable: %v", err)
				}
			}
			holdsNothing(t, filepath.Dir(filepath.Dir(st.Path(again.Chosen.Wheels[0].SHA256))), token)
		})
	}
}

// holdsNothing fails for each file of a cache that holds a text.
func holdsNothing(t *testing.T, below, text string) {
	t.Helper()
	root := below
	for filepath.Base(root) != "v1" {
		if root = filepath.Dir(root); root == filepath.Dir(root) {
			t.Fatal(fmt.Sprint("no cache above ", below))
		}
	}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(name)
		if strings.Contains(string(raw), text) {
			t.Errorf("%s holds it", name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
