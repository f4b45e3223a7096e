package judge

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/audit"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/segment"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/native"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// TestAFallbackIsNoPartOfTheImport lacks a library in what is imported at the top, in
// what is tried, and in what stands in for that: only the first is
// more than a note.
func TestAFallbackIsNoPartOfTheImport(t *testing.T) {
	t.Parallel()
	runtime, err := runtimes.Lookup("python3.12")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		source string
		want   audit.Severity
	}{
		"at the top":          {"from p import _c\n", audit.Warning},
		"under a condition":   {"import os\nif os.name == 'posix':\n    from p import _c\n", audit.Warning},
		"tried":               {"try:\n    from p import _c\nexcept ImportError:\n    _c = None\n", audit.Note},
		"in place of another": {"try:\n    import fast as _c\nexcept ImportError:\n    from p import _c\n", audit.Note},
		"for type checkers":   {"import typing\nif typing.TYPE_CHECKING:\n    from p import _c\n", audit.Note},
	} {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		for file, content := range map[string]string{"python/p/__init__.py": c.source, "python/p/_c.abi3.so": "x"} {
			f, err := w.Create(file)
			if err == nil {
				_, err = f.Write([]byte(content))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "p.zip")
		if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		archive, err := filetree.FileArchive("p.zip", file)
		if err != nil {
			t.Fatal(err)
		}
		files, err := filetree.FromZip(archive)
		if err != nil {
			t.Fatal(err)
		}
		found, err := Find(Layer{
			Files: files, Targets: []runtimes.Target{{Runtime: runtime, Architecture: runtimes.X8664}},
			Known: &segment.Found{Native: map[string]native.Facts{"python/p/_c.abi3.so": {
				Kind: native.ELF, Machine: runtimes.X8664, Bits: 64, Type: native.Shared, Needed: []string{"libabsent.so.1"}, Modules: []string{"_c"},
			}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		var got audit.Severity
		for _, f := range found {
			if f.Check == audit.Libraries {
				got = f.Severity
			}
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q: %+v", name, got, c.want, found)
		}
	}
}

// TestSeveritiesOfFindings turns checks: an error into a warning, a warning into an
// error, and off. Notes stay.
func TestSeveritiesOfFindings(t *testing.T) {
	t.Parallel()
	found := []audit.Finding{{Check: audit.Native, Severity: audit.Error}, {Check: audit.Libraries, Severity: audit.Warning}, {Check: audit.Libraries, Severity: audit.Note}, {Check: audit.Layout, Severity: audit.Error}}
	got := Weigh(found, map[string]fault.Severity{"native": fault.SeverityWarning, "libraries": fault.SeverityError, "layout": fault.SeverityOff})
	var text []string
	for _, f := range got {
		text = append(text, string(f.Check)+" "+string(f.Severity))
	}
	if strings.Join(text, ", ") != "native warning, libraries error, libraries note" {
		t.Errorf("findings are %q", text)
	}
	warnings, err := Tell(got)
	if len(warnings) != 1 || err == nil {
		t.Errorf("told are %v, %v", warnings, err)
	}
}
