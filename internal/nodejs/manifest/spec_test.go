package manifest

import (
	"errors"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
)

func TestParseSpec(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		spec  string
		kind  SpecKind
		fetch string
	}{
		{"^1.2", RangeSpec, "^1.2"},
		{"", RangeSpec, ""},
		{"*", RangeSpec, "*"},
		{" >=1 <2 ", RangeSpec, ">=1 <2"},
		{"1 || 2", RangeSpec, "1 || 2"},
		{"1.2.3", VersionSpec, "1.2.3"},
		{"=v1.2.3", VersionSpec, "=v1.2.3"},
		{"latest", TagSpec, "latest"},
		{"foo*", TagSpec, "foo*"},
		{"user/repo", GitSpec, "user/repo"},
		{"user/repo#semver:^1", GitSpec, "user/repo#semver:^1"},
		{"github:user/repo", GitSpec, "github:user/repo"},
		{"gist:abc", GitSpec, "gist:abc"},
		{"git@github.com:user/repo.git", GitSpec, "git@github.com:user/repo.git"},
		{"git+ssh://git@example.com:user/repo.git#v1", GitSpec, "git+ssh://git@example.com:user/repo.git#v1"},
		{"https://github.com/user/repo", GitSpec, "https://github.com/user/repo"},
		{"https://github.com/user/repo/tree/main", GitSpec, "https://github.com/user/repo/tree/main"},
		{"https://gitlab.com/group/sub/repo", GitSpec, "https://gitlab.com/group/sub/repo"},
		{"https://github.com/user/repo/archive/v1.tar.gz", RemoteSpec, "https://github.com/user/repo/archive/v1.tar.gz"},
		{"https://gitlab.com/group/repo/-/archive/a.tgz", RemoteSpec, "https://gitlab.com/group/repo/-/archive/a.tgz"},
		{"https://example.com/a.tgz", RemoteSpec, "https://example.com/a.tgz"},
		{"file:../a", DirectorySpec, "../a"},
		{"../a", DirectorySpec, "../a"},
		{"~/a", DirectorySpec, "~/a"},
		{`C:\a`, DirectorySpec, `C:\a`},
		{"@scope/a", DirectorySpec, "@scope/a"},
		{"a/b/c", DirectorySpec, "a/b/c"},
		{"file:a.tgz", FileSpec, "a.tgz"},
		{"a.tar.gz", FileSpec, "a.tar.gz"},
		{"workspace:^", WorkspaceSpec, "^"},
		{"link:../a", LinkSpec, "../a"},
		{"portal:../a", LinkSpec, "../a"},
		{"catalog:", OtherSpec, "catalog:"},
		{"patch:a@1#x", OtherSpec, "patch:a@1#x"},
	} {
		s, err := ParseSpec("@scope/name", c.spec)
		if err != nil {
			t.Errorf("spec %q: %v", c.spec, err)
			continue
		}
		if s.Kind != c.kind || s.Fetch != c.fetch || s.Name != "@scope/name" || s.Raw != c.spec {
			t.Errorf("spec %q is %s %q (%q, %q), want %s %q", c.spec, s.Kind, s.Fetch, s.Name, s.Raw, c.kind, c.fetch)
		}
		if want := c.kind <= AliasSpec; s.FromRegistry() != want {
			t.Errorf("spec %q is from a registry: %t, want %t", c.spec, !want, want)
		}
	}
}

func TestParseSpecOfAnAlias(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		spec, name, fetch string
		kind              SpecKind
	}{
		{"npm:b@^1", "b", "^1", RangeSpec},
		{"npm:b", "b", "*", RangeSpec},
		{"npm:b@", "b", "*", RangeSpec},
		{"npm:@s/b@1.0.0", "@s/b", "1.0.0", VersionSpec},
		{"npm:@s/b", "@s/b", "*", RangeSpec},
		{"NPM:b@next", "b", "next", TagSpec},
	} {
		s, err := ParseSpec("a", c.spec)
		if err != nil {
			t.Errorf("spec %q: %v", c.spec, err)
			continue
		}
		if s.Kind != AliasSpec || s.Target == nil || s.Name != "a" {
			t.Errorf("spec %q is %+v, want an alias", c.spec, s)
			continue
		}
		if r := s.Resolved(); r.Name != c.name || r.Fetch != c.fetch || r.Kind != c.kind {
			t.Errorf("spec %q stands for %s %q of %q, want %s %q of %q", c.spec, r.Kind, r.Fetch, r.Name, c.kind, c.fetch, c.name)
		}
	}
}

func TestParseSpecRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, spec, code string }{
		{"", "1", "EINVALIDPACKAGENAME"},
		{".a", "1", "EINVALIDPACKAGENAME"},
		{"..", "1", "EINVALIDPACKAGENAME"},
		{"_a", "1", "EINVALIDPACKAGENAME"},
		{"a b", "1", "EINVALIDPACKAGENAME"},
		{"a/b", "1", "EINVALIDPACKAGENAME"},
		{"@s/../b", "1", "EINVALIDPACKAGENAME"},
		{"@s/.b", "1", "EINVALIDPACKAGENAME"},
		{"@s", "1", "EINVALIDPACKAGENAME"},
		{"Node_Modules", "1", "EINVALIDPACKAGENAME"},
		{"a%2fb", "1", "EINVALIDPACKAGENAME"},
		{`a\b`, "1", "EINVALIDPACKAGENAME"},
		{strings.Repeat("a", 600), "1", "EINVALIDPACKAGENAME"},
		{"a", "two words", "EINVALIDTAGNAME"},
		{"a", "1.2.3 || {}", ""},
		{"a", "npm:b@npm:c", "EUNSUPPORTED"},
		{"a", "npm:b@https://example.com/c.tgz", "EUNSUPPORTED"},
		{"a", "npm:", "EINVALIDPACKAGENAME"},
	} {
		_, err := ParseSpec(c.name, c.spec)
		var fault *ResolveError
		switch {
		case c.code == "" && err != nil:
			t.Errorf("spec %q of %q: %v, want none", c.spec, c.name, err)
		case c.code != "" && (!errors.As(err, &fault) || fault.Code != c.code):
			t.Errorf("spec %q of %q: error %v, want code %s", c.spec, c.name, err, c.code)
		}
	}
}

func FuzzParseSpec(f *testing.F) {
	for _, seed := range []string{"^1", "npm:@a/b@1", "user/repo#x", "https://gitlab.com/a/b", "git@github.com:a/b", "file:~/x.tgz"} {
		f.Add("@a/b", seed)
	}
	f.Fuzz(func(t *testing.T, name, text string) {
		defer indextest.Budget(t, len(name)+len(text))()
		s, err := ParseSpec(name, text)
		if err != nil {
			if _, ok := errors.AsType[*ResolveError](err); !ok {
				t.Errorf("spec %q of %q: error %v is no *ResolveError", text, name, err)
			}
			return
		}
		for _, folder := range []string{s.Name, s.Resolved().Name} {
			if strings.HasPrefix(folder, ".") || strings.Contains(folder, "/.") || strings.ContainsAny(folder, "\\\x00%") ||
				strings.Count(folder, "/") > 1 {
				t.Errorf("spec %q of %q names %q, which is not a folder", text, name, folder)
			}
		}
	})
}
