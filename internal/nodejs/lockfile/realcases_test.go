package lockfile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/locked"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
)

// TestLockFilesOfRealProjects has what lock files of real projects hold, in small:
// testdata/cases/*.txt. What each tool itself installs for production is the
// expectation.
func TestLockFilesOfRealProjects(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("testdata/cases/*.txt")
	if err != nil || len(names) < 4 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		body, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		_, cases, _ := strings.Cut("\n"+string(body), "\n== ")
		for c := range strings.SplitSeq(cases, "\n== ") {
			title, text, _ := strings.Cut(c, "\n")
			t.Run(filepath.Base(name)+" "+title, func(t *testing.T) {
				t.Parallel()
				realCase(t, text)
			})
		}
	}
}

func realCase(t *testing.T, text string) {
	t.Helper()
	var options Options
	var want []string
	files := memoryFiles{}
	var lock string
	for _, f := range txtar.Parse([]byte(strings.ReplaceAll(text+"\n", "SRI", sri))).Files {
		switch body := string(f.Data); f.Name {
		case "want":
			want = strings.Split(strings.TrimSpace(body), "\n")
		case "workspace":
			options.Workspace = strings.TrimSpace(body)
		default:
			files[f.Name] = body
			if f.Name != "registry" && (lock == "" || lock == "package.json" || strings.Contains(f.Name, "lock") || strings.HasPrefix(f.Name, "shrinkwrap")) {
				lock = f.Name
			}
		}
	}
	l, err := Read(filepath.Join(files.write(t), lock), options)
	var got []string
	if err == nil {
		got, err = outcome(t, l, files["registry"])
	}
	var fault *locked.Error
	var refusal *manifest.ResolveError
	if err != nil && !errors.As(err, &fault) && !errors.As(err, &refusal) {
		t.Errorf("got an error of the type %T", err)
	}
	for _, line := range want {
		if words, ok := strings.CutPrefix(line, "error: "); ok {
			if err == nil || !strings.Contains(err.Error(), words) {
				t.Errorf("got the error %v, want %q in it", err, words)
			}
			continue
		}
		if words, ok := strings.CutPrefix(line, "note: "); ok {
			at := slices.IndexFunc(got, func(g string) bool { return strings.HasPrefix(g, "note: ") && strings.Contains(g, words) })
			if at < 0 {
				t.Errorf("got %q, want a note with %q", got, words)
				continue
			}
			got = slices.Delete(got, at, at+1)
			continue
		}
		if at := slices.Index(got, line); at >= 0 {
			got = slices.Delete(got, at, at+1)
		} else if line != "" {
			t.Errorf("lacks %q", line)
		}
	}
	got = slices.DeleteFunc(got, func(g string) bool { return strings.HasPrefix(g, "fetched: ") })
	if len(got) > 0 {
		t.Errorf("got %q besides", got)
	}
	if err != nil && !strings.Contains(strings.Join(want, "\n"), "error: ") {
		t.Error(err)
	}
}

// outcome lists what a lock puts into node_modules.
func outcome(t *testing.T, l *locked.Graph, registry string) ([]string, error) {
	t.Helper()
	l.AllowOutside = []string{"../shared"}
	tree, err := locked.TreeFor(t.Context(), newRecordedRegistry(t, []byte(registry)), l, lambda)
	if err != nil {
		return nil, err
	}
	var lines []string
	fetched := 0
	for _, p := range tree.Packages {
		lines = append(lines, p.Path+" "+p.Name+"@"+p.Version)
		if !p.Bundled {
			fetched++
		}
	}
	for _, p := range tree.Local {
		lines = append(lines, p.Path+" <- "+p.Source)
	}
	for _, note := range tree.Notes {
		lines = append(lines, "note: "+note)
	}
	return append(lines, fmt.Sprintf("fetched: %d", fetched)), nil
}
