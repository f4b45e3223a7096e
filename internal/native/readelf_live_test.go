//go:build live

package native_test

import (
	"bufio"
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/native"
)

var (
	dynamicLine = regexp.MustCompile(`\((NEEDED|SONAME|RPATH|RUNPATH)\).*\[(.*)\]$`)
	needLine    = regexp.MustCompile(`File: (\S+)\s+Cnt:`)
	versionLine = regexp.MustCompile(`Name: (\S+)\s+Flags: (.*?)\s+Version:`)
)

// readelf returns what GNU readelf says of a file, in the form of Facts.
func readelf(t *testing.T, path string) native.Facts {
	t.Helper()
	out, err := exec.Command("readelf", "-W", "-d", "-V", path).Output()
	if err != nil {
		t.Logf("readelf complains of %s: %v", path, err)
	}
	var f native.Facts
	library := ""
	strongest := map[native.Version]string{}
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if m := dynamicLine.FindStringSubmatch(lines.Text()); m != nil {
			switch m[1] {
			case "NEEDED":
				f.Needed = append(f.Needed, m[2])
			case "SONAME":
				f.Soname = m[2]
			case "RPATH":
				f.RPath = m[2]
			case "RUNPATH":
				f.RunPath = m[2]
			}
		}
		if m := needLine.FindStringSubmatch(lines.Text()); m != nil {
			library = m[1]
		}
		if m := versionLine.FindStringSubmatch(lines.Text()); m != nil && !strings.Contains(m[2], "WEAK") {
			i := strings.LastIndexByte(m[1], '_')
			key := native.Version{Library: library, Name: m[1]}
			if i > 0 && strings.Trim(m[1][i+1:], "0123456789.") == "" {
				key.Name = m[1][:i]
			}
			if had, ok := strongest[key]; !ok || native.CompareVersions(m[1][i+1:], had[i+1:]) > 0 {
				strongest[key] = m[1]
			}
		}
	}
	for key, name := range strongest {
		f.Requires = append(f.Requires, native.Version{Library: key.Library, Name: name})
	}
	slices.SortFunc(f.Requires, func(a, b native.Version) int {
		return strings.Compare(a.Library+" "+a.Name, b.Library+" "+b.Name)
	})
	return f
}

// TestLiveFactsEqualReadelf holds the facts of all ELF files of this machine, 2,000 at
// most, against GNU readelf.
func TestLiveFactsEqualReadelf(t *testing.T) {
	const most, least = 2000, 500
	seen := 0
	for _, root := range []string{"/usr/bin", "/usr/lib", "../../.testbed"} {
		root, err := filepath.EvalSymlinks(root)
		if err != nil {
			continue
		}
		err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if !d.Type().IsRegular() || seen >= most {
				return nil
			}
			body, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if native.KindOf(body) != native.ELF {
				return nil
			}
			got, err := native.Read(bytes.NewReader(body), int64(len(body)))
			if err != nil {
				t.Errorf("%s: %v", path, err)
				return nil
			}
			if got.Type == native.Object || got.Bits == 32 || got.Fault != "" {
				if got.Fault != "" {
					t.Logf("%s %s", path, got.Fault)
				}
				return nil
			}
			seen++
			want := readelf(t, path)
			if !slices.Equal(got.Needed, want.Needed) || got.Soname != want.Soname || got.RPath != want.RPath || got.RunPath != want.RunPath || !slices.Equal(got.Requires, want.Requires) {
				t.Errorf("%s:\n got %+v\nwant %+v", path, got, want)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if seen < least {
		t.Fatalf("only %d ELF files to read, and %d are wanted", seen, least)
	}
	t.Logf("%d files agree", seen)
}
