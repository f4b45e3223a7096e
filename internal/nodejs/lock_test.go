package nodejs

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

const (
	someIntegrity = "sha512-m3HSJL1i83hdltRq0+o9czGb+8KJDKra4t/3JRlnPKcjI8PZm6XBHXx6zG4UuMXaDEZjR1wuXDre9G9zvN7AQw=="
	weakIntegrity = "sha1-qvTGHdzF6KLavt4PO0gs2a6pQ00="
	// otherIntegrity is a second digest that a tarball may have.
	otherIntegrity = "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk="
)

// TestNodeLockText holds the text of a lock, which states hold for years.
func TestNodeLockText(t *testing.T) {
	t.Parallel()
	l := Lock{
		Request: store.Sum([]byte("hello")), Project: "app", Direct: []string{"a"}, Notes: []string{"a note"},
		Trees: []Tree{{
			Runtimes: []string{"nodejs22.x"},
			Packages: []Package{
				{Path: "@s/a", Name: "@s/a", Version: "1.0.0", URL: kept("https://r.example.com/@s/a/-/a-1.0.0.tgz"), Integrity: someIntegrity},
				{Path: "@s/a/node_modules/b", Name: "b", Version: "2.0.0"},
				{Path: "c", Name: "b", Version: "1.0.0-rc.1+x", URL: kept("https://other.example.com/b.tgz"), Integrity: weakIntegrity, Platform: true},
				{Path: "d", Name: "d", Version: "3.0.0", URL: kept("https://r.example.com/d/-/d-3.0.0.tgz"), Integrity: someIntegrity, Platform: true},
				{Path: "e", Name: "f", Version: "4.0.0"},
				{Path: "g", Name: "g", Version: "5.0.0", URL: kept("https://r.example.com/g/-/g-5.0.0.tgz"), Integrity: weakIntegrity + " " + otherIntegrity},
			},
			Local: []Local{{Path: "own", Source: "packages/own"}},
		}},
	}
	const want = `{"request":"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824","project":"app","registry":"https://r.example.com/","direct":["a"],` +
		`"trees":[{"runtimes":["nodejs22.x"],"packages":["@s/a@1.0.0 ` + someIntegrity + `","@s/a/node_modules/b@2.0.0",` +
		`"c=b@1.0.0-rc.1+x ` + weakIntegrity + ` https://other.example.com/b.tgz platform","d@3.0.0 ` + someIntegrity + ` platform","e=f@4.0.0",` +
		`"g@5.0.0 ` + weakIntegrity + "," + otherIntegrity + `"],` +
		`"local":[{"path":"own","source":"packages/own"}]}],"notes":["a note"]}`
	text, err := json.Marshal(l)
	if err != nil || string(text) != want {
		t.Fatalf("got %s, %v\nwant %s", text, err, want)
	}
	var again Lock
	if err := json.Unmarshal([]byte(want), &again); err != nil || !reflect.DeepEqual(again, l) {
		t.Errorf("got %+v, %v\nwant %+v", again, err, l)
	}
}

func TestNodeLockTextIsRefused(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"", " ", "a", "@1", "a@", "@s/a", "a@1 rubbish", "a@1 sha512-x https://r.example.com/a.tgz", "a@1 " + someIntegrity + " url platform more", "a@1 platform platform",
	} {
		text := `{"request":"` + strings.Repeat("0", 64) + `","project":".","trees":[{"runtimes":[],"packages":["` + line + `"]}]}`
		var l Lock
		if err := json.Unmarshal([]byte(text), &l); err == nil {
			t.Errorf("%q is read as %+v", line, l.Trees)
		}
	}
}

// TestNodeLockTextHoldsWhatTheModelHolds writes and reads what would part a line.
func TestNodeLockTextHoldsWhatTheModelHolds(t *testing.T) {
	t.Parallel()
	for _, p := range []Package{
		{Path: "a b", Name: "a b", Version: "1"},
		{Path: "a=b", Name: "@s/c=d", Version: "1.0.0@x"},
		{Path: "p/node_modules/q%20", Name: "q%20", Version: "1,2\n"},
		{Path: "lib", Name: "lib", Version: "1.0.0", Archive: "my app/lib-1.0.0.tgz", Integrity: someIntegrity},
		{Path: "lib", Name: "lib", Version: "1.0.0", Archive: "../ü, \u2028%/x=@.tgz", Integrity: weakIntegrity + " " + otherIntegrity, Platform: true},
		{Path: "lib", Name: "lib", Version: "1.0.0", URL: kept("https://r.example.com/${NPM_TOKEN}/lib/-/lib-1.0.0.tgz"), Integrity: someIntegrity},
		{Path: "lib", Name: "lib", Version: "bad \xff byte", URL: kept("https://r.example.com/a%20b.tgz"), Integrity: someIntegrity},
	} {
		for _, registry := range []string{"", "https://r.example.com/", "https://r.example.com/${NPM_TOKEN}/"} {
			text := p.line(registry)
			if again, err := parsePackage(text, registry); err != nil || again != p {
				t.Errorf("%+v is written as %q and read as %+v, %v", p, text, again, err)
			}
		}
	}
}

// TestNodeLockTextKeepsStrangersOut refuses addresses that may not be kept.
func TestNodeLockTextKeepsStrangersOut(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"file%3A///etc/passwd", "ftp://h/a.tgz", "https://user:word@h/a.tgz", "https://h/a.tgz?X-Amz-Signature=x", "/etc/passwd"} {
		if p, err := parsePackage("a@1 "+someIntegrity+" "+address, ""); err == nil {
			t.Errorf("%q is read as %+v", address, p)
		}
	}
}

func kept(text string) fetch.Address {
	a, err := fetch.ParseKept(text)
	if err != nil {
		panic(err)
	}
	return a
}

// FuzzNodePackageIsWhole writes any package, and reads it as it was.
func FuzzNodePackageIsWhole(f *testing.F) {
	f.Add("a b", "c", "1.0.0", "x y.tgz", "https://h/a", true)
	f.Add("@s/a/node_modules/b", "b", "1@2", "", "https://h/${A}/x", false)
	f.Fuzz(func(t *testing.T, folder, name, version, archive, address string, platform bool) {
		defer indextest.Budget(t, len(folder)+len(name)+len(version)+len(archive)+len(address))()
		p := Package{Path: folder, Name: name, Version: version, Platform: platform}
		if archive != "" {
			p.Archive, p.Integrity = archive, someIntegrity
		} else if a, err := fetch.ParseAddress(address); err == nil {
			p.URL, p.Integrity = a, someIntegrity
		}
		if folder == "" || name == "" || version == "" || p.Folder() == "" {
			return
		}
		const registry = "https://r.example.com/"
		text := p.line(registry)
		if again, err := parsePackage(text, registry); err != nil || again != p {
			t.Errorf("%+v is written as %q and read as %+v, %v", p, text, again, err)
		}
	})
}

func FuzzNodePackage(f *testing.F) {
	f.Add("@s/a@1.0.0 " + someIntegrity)
	f.Add("c=@s/b@1.0.0-rc.1+x " + weakIntegrity + " https://other.example.com/b.tgz platform")
	f.Add("a/node_modules/b@2")
	f.Add("a@1 " + weakIntegrity + "," + otherIntegrity)
	f.Fuzz(func(t *testing.T, line string) {
		defer indextest.Budget(t, len(line))()
		const registry = "https://r.example.com/"
		p, err := parsePackage(line, registry)
		if err != nil {
			return
		}
		text := p.line(registry)
		if again, err := parsePackage(text, registry); err != nil || again != p {
			t.Errorf("%q is read as %+v, its text %q as %+v, %v", line, p, text, again, err)
		}
	})
}
