package wheel

import (
	"archive/zip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
)

// TestDistributionsInEveryForm reads what pip, this provider, distutils and
// "setup.py develop" of older days leave in a folder.
func TestDistributionsInEveryForm(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		// pip: a RECORD with a program beside and bytecode that came later.
		"python/a/__init__.py": "", "python/a/__pycache__/__init__.cpython-312.pyc": "", "python/a/data/late.bin": "", "python/bin/a-tool": "",
		"python/a-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: A\nVersion: 1.0\nLicense: MIT\nClassifier: License :: OSI Approved :: Apache Software License\nRequires-Python: >=3.10\nRequires-Dist: b\nRequires-Dist: w; sys_platform == 'win32'\nRequires-Dist: e; extra == 'e'\n",
		"python/a-1.0.dist-info/RECORD":   "a/__init__.py,,\r\n../../bin/a-tool,,\r\na-1.0.dist-info/METADATA,,\r\n\"a/with,comma.py\",,\r\n",
		"python/a/with,comma.py":          "",
		// A wheel's own RECORD, which names what it had under .data.
		"python/lib/python3.12/site-packages/p/x.py": "", "python/lib/python3.12/site-packages/bin/p": "",
		"python/lib/python3.12/site-packages/p-2.dist-info/METADATA": "Metadata-Version: 2.4\nName: p\nVersion: 2\nLicense-Expression: Apache-2.0\nLicense: " + strings.Repeat("long text ", 20) + "\n",
		"python/lib/python3.12/site-packages/p-2.dist-info/RECORD":   "p-2.data/purelib/p/x.py,,\np-2.data/scripts/p,,\n",
		// No RECORD: the names at the top, else that of the distribution.
		"python/six.py": "", "python/__pycache__/six.cpython-312.pyc": "", "python/six-1.16.0.dist-info/top_level.txt": "six\n",
		"python/six-1.16.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: six\nVersion: 1.16.0\nLicense: UNKNOWN\nClassifier: License :: OSI Approved :: MIT License\nClassifier: License :: OSI Approved :: BSD License\n",
		"python/own_name/__init__.py":          "", "python/own_name-3.egg-info/PKG-INFO": "Metadata-Version: 1.1\nName: Own-Name\nVersion: 3\n",
		"python/old.py": "", "python/Old-0.1-py3.9.egg-info": "Metadata-Version: 1.0\nName: Old\nVersion: 0.1\n",
		"python/inst/m.py": "", "python/inst-5.egg-info/PKG-INFO": "Name: inst\nVersion: 5\n", "python/inst-5.egg-info/installed-files.txt": "../inst/m.py\nPKG-INFO\n",
		// What is malformed says nothing, and of two that claim a file one has it.
		"python/broken-9.dist-info/METADATA": "\x00", "python/.dist-info/METADATA": "Name: x\nVersion: 1\n",
		"python/free.py": "", "other/free.py": "",
	}
	name := filepath.Join(t.TempDir(), "l.zip")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	w := zip.NewWriter(f)
	for path, text := range files {
		out, err := w.Create(path)
		if err == nil {
			_, err = out.Write([]byte(text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	a, err := filetree.FileArchive(name, name)
	if err != nil {
		t.Fatal(err)
	}
	tree, err := filetree.FromZip(a)
	if err != nil {
		t.Fatal(err)
	}
	target := Target{Runtime: "python3.9", Minor: 9, Arch: "x86_64", Glibc: 26}
	found, err := DistributionsIn(a, tree)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	owned := map[string]string{}
	for _, d := range found {
		got = append(got, d.Name+" "+d.Version+" ("+d.Metadata.LicenseName()+") in "+d.Site)
		for _, i := range d.Files {
			if owned[tree[i].Path] != "" {
				t.Errorf("%q has two owners", tree[i].Path)
			}
			owned[tree[i].Path] = d.Name
		}
	}
	want := []string{
		"a 1.0 (MIT) in python", "broken 9 () in python", "inst 5 () in python", "old 0.1 () in python", "own-name 3 () in python",
		"p 2 (Apache-2.0) in python/lib/python3.12/site-packages", "six 1.16.0 (MIT License, BSD License) in python",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for path, owner := range map[string]string{
		"python/a/__pycache__/__init__.cpython-312.pyc": "a", "python/a/data/late.bin": "a", "python/bin/a-tool": "a", "python/a/with,comma.py": "a",
		"python/lib/python3.12/site-packages/p/x.py": "p", "python/lib/python3.12/site-packages/bin/p": "p",
		"python/six.py": "six", "python/__pycache__/six.cpython-312.pyc": "six", "python/own_name/__init__.py": "own-name", "python/old.py": "old",
		"python/Old-0.1-py3.9.egg-info": "old", "python/inst/m.py": "inst", "python/free.py": "", "other/free.py": "",
	} {
		if owned[path] != owner {
			t.Errorf("%q belongs to %q, want %q", path, owned[path], owner)
		}
	}
	if len(found[0].Needs) != 3 || found[0].Needs[0].Name != "b" || !found[0].Refuses(target) || found[0].Refuses(Target{Minor: 12}) || found[2].Refuses(target) {
		t.Errorf("a needs %v, refuses python3.9: %t", found[0].Needs, found[0].Refuses(target))
	}
}
