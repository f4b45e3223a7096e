package wheel

import (
	"archive/zip"
	"bytes"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
)

// TestFoldersOfMetadataAreThoseOfTheWheel: a folder of another distribution's metadata
// makes Python find that distribution.
func TestFoldersOfMetadataAreThoseOfTheWheel(t *testing.T) {
	t.Parallel()
	const own = "Metadata-Version: 2.1\nName: Foo.Bar\nVersion: 1.0\n"
	for _, c := range []struct {
		files map[string]string
		want  string // name and version that it holds
	}{
		{map[string]string{"foo_bar-1.0.dist-info/METADATA": own}, ""},
		{map[string]string{"Foo.Bar-1.0.dist-info/METADATA": own}, ""},
		{map[string]string{"foo-bar-1.0.dist-info/METADATA": own}, ""},
		{map[string]string{"foo_bar-1.0.0.dist-info/METADATA": own}, ""},
		{map[string]string{"foo_bar-1.0.dist-info/METADATA": own, "foo_bar/_vendor/bb-1.0.dist-info/METADATA": "Name: bb"}, ""},
		{map[string]string{"bb-1.0.dist-info/METADATA": own}, "bb 1.0"},
		{map[string]string{"foo_bar-1.0.dist-info/METADATA": own, "bb-2.0.dist-info/RECORD": ""}, "bb 2.0"},
		{map[string]string{"foo_barn-1.0.dist-info/METADATA": own}, "foo_barn 1.0"},
		{map[string]string{"foo_bar-1.0.dist-info/METADATA": "Name: Foo.Bar\nVersion: 2.0\n"}, "Foo.Bar 2.0"},
	} {
		for _, folder := range []string{"foo_bar-1.0", "Foo.Bar-1.0", "foo-bar-1.0", "foo_bar-1.0.0"} {
			if c.files[folder+".dist-info/METADATA"] != "" {
				c.files[folder+".dist-info/WHEEL"] = "Wheel-Version: 1.0\n"
				c.files[folder+".dist-info/RECORD"] = ""
			}
		}
		files := zippedTree(t, c.files)
		err := CheckInside(Wheel{Filename: "Foo_Bar-1.0-py3-none-any.whl"}, files)
		if (err != nil) != (c.want != "") || err != nil && !strings.Contains(err.Error(), "holds "+c.want+" by its own metadata") {
			t.Errorf("%q: got %v, want %q", c.files, err, c.want)
		}
	}
}

// zippedTree returns files as those of a wheel.
func zippedTree(t *testing.T, sources map[string]string) filetree.Tree {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(sources[name])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "a.whl")
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	archive, err := filetree.FileArchive("a.whl", file)
	if err != nil {
		t.Fatal(err)
	}
	tree, err := filetree.FromZip(archive)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// TestBrokenWheels: pip 26.3 and uv 0.13.9 were given each of these; what both
// install is taken, what both refuse is refused.
func TestBrokenWheels(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change map[string]string // of the files of a good wheel; "-" takes one away
		want   string
	}{
		"good":                       {},
		"no RECORD":                  {map[string]string{"foo-1.0.dist-info/RECORD": "-"}, "it has no RECORD in its .dist-info folder"},
		"no WHEEL":                   {map[string]string{"foo-1.0.dist-info/WHEEL": "-"}, "it has no WHEEL in its .dist-info folder"},
		"no METADATA":                {map[string]string{"foo-1.0.dist-info/METADATA": "-"}, "it has no METADATA in its .dist-info folder"},
		"RECORD of another folder":   {map[string]string{"foo-1.0.dist-info/RECORD": "-", "foo/RECORD": "", "RECORD": ""}, "it has no RECORD in its .dist-info folder"},
		"RECORD in a folder below":   {map[string]string{"foo-1.0.dist-info/RECORD": "-", "foo-1.0.dist-info/licenses/RECORD": ""}, "it has no RECORD in its .dist-info folder"},
		"an empty RECORD":            {map[string]string{"foo-1.0.dist-info/RECORD": ""}, ""},
		"major version 2":            {map[string]string{"foo-1.0.dist-info/WHEEL": "Wheel-Version: 2.0\n"}, `its Wheel-Version is "2.0", and 1.0 is the one that installers can read`},
		"major version 10":           {map[string]string{"foo-1.0.dist-info/WHEEL": "Wheel-Version: 10.0\n"}, `its Wheel-Version is "10.0", and 1.0 is the one that installers can read`},
		"minor version 9":            {map[string]string{"foo-1.0.dist-info/WHEEL": "Generator: x\r\nwheel-version:1.9\r\n"}, ""},
		"a word for a version":       {map[string]string{"foo-1.0.dist-info/WHEEL": "Wheel-Version: one\n"}, `its Wheel-Version is "one", and 1.0 is the one that installers can read`},
		"no version":                 {map[string]string{"foo-1.0.dist-info/WHEEL": "Generator: x\n\nWheel-Version: 1.0\n"}, "its WHEEL file has no Wheel-Version"},
		"a folder of data too many":  {map[string]string{"foo-1.0.data/weird/z": "5"}, `"foo-1.0.data/weird/z" is in none of the folders that "foo-1.0.data" may have: purelib, platlib, data, scripts and headers`},
		"data in no folder":          {map[string]string{"foo-1.0.data/z": "5"}, `"foo-1.0.data/z" is in none of the folders that "foo-1.0.data" may have: purelib, platlib, data, scripts and headers`},
		"a package that ends so":     {map[string]string{"acme.data/table.csv": "5"}, `"acme.data/table.csv" is in none of the folders that "acme.data" may have: purelib, platlib, data, scripts and headers`},
		"all folders of data":        {map[string]string{"foo-1.0.data/purelib/a": "", "foo-1.0.data/platlib/b": "", "foo-1.0.data/data/c": "", "foo-1.0.data/scripts/d": "", "foo-1.0.data/headers/e": "", "foo/x.data/f": ""}, ""},
		"two folders of metadata":    {map[string]string{"foo-1.0.0.dist-info/METADATA": "Name: foo\nVersion: 1.0\n"}, `it has the folders "foo-1.0.0.dist-info" and "foo-1.0.dist-info", and a wheel has one of them`},
		"a requirement of two words": {map[string]string{"foo-1.0.dist-info/METADATA": "Name: foo\nVersion: 1.0\nRequires-Dist: six or so\n"}, ""}, // a lock has chosen
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := map[string]string{
				"foo/__init__.py": "", "foo-1.0.dist-info/METADATA": "Name: foo\nVersion: 1.0\n",
				"foo-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\n", "foo-1.0.dist-info/RECORD": "foo/__init__.py,,\n",
			}
			for path, text := range c.change {
				if files[path] = text; text == "-" {
					delete(files, path)
				}
			}
			err := CheckInside(Wheel{Name: "foo", Version: "1.0", Filename: "foo-1.0-py3-none-any.whl"}, zippedTree(t, files))
			broken, refused := errors.AsType[*BrokenWheel](err)
			if refused != (c.want != "") || refused && broken.Reason != c.want || !refused && err != nil {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// TestOtherWheelWithAFaultyRequirement: the fault hides no other name or version.
func TestOtherWheelWithAFaultyRequirement(t *testing.T) {
	t.Parallel()
	err := CheckInside(Wheel{Name: "foo", Version: "1.0", Filename: "foo-1.0-py3-none-any.whl"}, zippedTree(t, map[string]string{
		"foo-1.0.dist-info/METADATA": "Name: foo\nVersion: 3.0\nRequires-Dist: six or so\n",
		"foo-1.0.dist-info/WHEEL":    "Wheel-Version: 1.0\n", "foo-1.0.dist-info/RECORD": "",
	}))
	if err == nil || !strings.Contains(err.Error(), "holds foo 3.0 by its own metadata") {
		t.Errorf("got %v, want version 3.0 refused", err)
	}
}
