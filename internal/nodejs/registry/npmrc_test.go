package registry

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
)

func TestParseNpmrc(t *testing.T) {
	t.Parallel()
	env := map[string]string{"TOKEN": "t0", "EMPTY": "", "SCOPE": "@acme"}
	for _, c := range []struct{ line, key, value string }{
		{"registry=https://h/", "registry", "https://h/"},
		{"  registry =  https://h/  ", "registry", "https://h/"},
		{"\ufeffa=b", "a", "b"},
		{"a=b\r", "a", "b"},
		{"a", "a", "true"},
		{"a=", "a", ""},
		{"a=b=c==", "a", "b=c=="},
		{"a=b ; comment", "a", "b"},
		{"a=b # comment", "a", "b"},
		{`a=b\;c\#d\\e\f`, "a", `b;c#d\e\f`},
		{`a="b # c"`, "a", "b # c"},
		{`a="b\nc"`, "a", "b\nc"},
		{`a='b;c'`, "a", "b;c"},
		{`"a"="b"`, "a", "b"},
		{`a="`, "a", `"`},
		{"//h/:_authToken=${TOKEN}", "//h/:_authToken", "t0"},
		{"//h/:_authToken=a${TOKEN}b${TOKEN}", "//h/:_authToken", "at0bt0"},
		{"a=${MISSING}", "a", "${MISSING}"},
		{"a=${MISSING?}", "a", ""},
		{"a=${EMPTY}", "a", ""},
		{`a=\${TOKEN}`, "a", "${TOKEN}"},
		{`a="\\\\${TOKEN}"`, "a", `\t0`},
		{"${SCOPE}:registry=x", "@acme:registry", "x"},
	} {
		got := parseNpmrc("; first\n# second\n\n"+c.line+"\n", env)
		if want := map[string]string{c.key: c.value}; !maps.Equal(got, want) {
			t.Errorf("line %q is %q, want %q", c.line, got, want)
		}
	}
	got := parseNpmrc("a=1\nb=2\r\na=3\n[section]\nc=4\n", nil)
	if want := map[string]string{"a": "3", "b": "2"}; !maps.Equal(got, want) {
		t.Errorf("the settings are %q, want %q", got, want)
	}
}

// npmrcOf writes .npmrc files for a project and a user, and loads them.
func npmrcOf(t *testing.T, project, user string, environ ...string) (*Npmrc, error) {
	t.Helper()
	dir, home := t.TempDir(), t.TempDir()
	for folder, text := range map[string]string{dir: project, home: user} {
		if err := os.WriteFile(filepath.Join(folder, ".npmrc"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return LoadNpmrc(dir, append([]string{"HOME=" + home}, environ...))
}

func TestNpmrcRegistries(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		title, project, user string
		environ              []string
		name, want           string
	}{
		{"npm's own", "", "", nil, "a", "https://registry.npmjs.org/"},
		{"the user's", "", "registry=https://user/npm", nil, "a", "https://user/npm/"},
		{"the project's before the user's", "registry=https://project", "registry=https://user", nil, "a", "https://project/"},
		{"the environment's before all", "registry=https://project", "", []string{"NPM_CONFIG_REGISTRY=https://env/x//"}, "a", "https://env/x/"},
		{"lower case", "", "", []string{"npm_config_registry=https://env"}, "a", "https://env/"},
		{"an empty variable is none", "registry=https://project", "", []string{"npm_config_registry="}, "a", "https://project/"},
		{"a scope's", "@acme:registry=https://acme/\nregistry=https://project", "", nil, "@acme/a", "https://acme/"},
		{"not the scope's", "@acme:registry=https://acme/\nregistry=https://project", "", nil, "@acme2/a", "https://project/"},
		{"a scope from the environment", "", "", []string{"npm_config_@acme:registry=https://env"}, "@acme/a", "https://env/"},
		{"from a variable", "registry=${MIRROR}", "", []string{"MIRROR=https://mirror"}, "a", "https://mirror/"},
	} {
		rc, err := npmrcOf(t, c.project, c.user, c.environ...)
		if err != nil {
			t.Errorf("%s: %v", c.title, err)
		} else if got := rc.Registry(c.name); got != c.want {
			t.Errorf("%s: the registry of %s is %s, want %s", c.title, c.name, got, c.want)
		}
	}
}

func TestLoadNpmrcFromOtherPlaces(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "rc")
	if err := os.WriteFile(file, []byte("registry=https://other\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, variable := range []string{"NPM_CONFIG_USERCONFIG=", "npm_config_globalconfig="} {
		rc, err := LoadNpmrc("", []string{variable + file})
		if err != nil {
			t.Fatal(err)
		}
		if got := rc.Registry("a"); got != "https://other/" {
			t.Errorf("with %s the registry is %s, want https://other/", variable, got)
		}
	}
	if _, err := LoadNpmrc(t.TempDir(), []string{"HOME=" + t.TempDir()}); err != nil {
		t.Errorf("without files: %v", err)
	}
	if _, err := LoadNpmrc("", []string{"NPM_CONFIG_USERCONFIG=" + t.TempDir()}); err != nil {
		t.Errorf("a folder in place of a file, which npm passes over: %v", err)
	}
}

func TestNpmrcRefuses(t *testing.T) {
	t.Parallel()
	const secret = "s3cr3t!"
	for _, c := range []struct{ text, key string }{
		{"registry=ftp://h/" + secret, "registry"},
		{"registry=" + secret, "registry"},
		{"@acme:registry=/" + secret, "@acme:registry"},
		{"//h/:_password=" + secret, "//h/:_password"},
	} {
		_, err := npmrcOf(t, c.text, "")
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("configuration: %q ", c.key)) {
			t.Errorf("%q: error %v, want one of %q", c.text, err, c.key)
		} else if strings.Contains(err.Error(), secret) {
			t.Errorf("%q: the error tells the value: %v", c.text, err)
		}
	}
	for _, text := range []string{"//h/:_auth=" + secret, "//h/:_auth=bm9jb2xvbg=="} {
		rc, err := npmrcOf(t, text, "")
		if err != nil {
			t.Fatal(err)
		}
		if err := rc.Authorize(newFetcher(t, fetch.Options{})); err == nil || !strings.Contains(err.Error(), `"//h/:_auth"`) || strings.Contains(err.Error(), secret) {
			t.Errorf("%q: error %v, want one that does not tell the value", text, err)
		}
	}
}

func TestNpmrcTarballURL(t *testing.T) {
	t.Parallel()
	const own = "https://registry.npmjs.org/a/-/a-1.0.0.tgz"
	for _, c := range []struct{ rc, resolved, want string }{
		{"", own, own},
		{"", "https://other/a.tgz", "https://other/a.tgz"},
		{"registry=https://mirror/npm/", own, "https://mirror/npm/a/-/a-1.0.0.tgz"},
		{"registry=http://mirror:4873", "https://registry.npmjs.org/@s%2fa/-/a-1.0.0.tgz", "http://mirror:4873/@s%2fa/-/a-1.0.0.tgz"},
		{"registry=https://mirror/npm/", "https://other/a.tgz", "https://other/a.tgz"},
		{"registry=https://mirror/npm/\nreplace-registry-host=never", own, own},
		{"registry=https://mirror/npm/\nreplace-registry-host=npmjs", own, "https://mirror/npm/a/-/a-1.0.0.tgz"},
		{"registry=https://mirror/npm/\nreplace-registry-host=always", "https://other/npm/a.tgz", "https://mirror/npm/a.tgz"},
		{"registry=https://mirror/npm/\nreplace-registry-host=other", "https://other/a.tgz", "https://mirror/npm/a.tgz"},
		{"registry=https://mirror/npm/\nreplace-registry-host=other", own, own},
		{"registry=https://mirror/npm/\nreplace-registry-host=https://other/old/", "https://other/old/a.tgz", "https://mirror/npm/a.tgz"},
		{"registry=https://mirror/npm/\nreplace-registry-host=https://other/old/", "https://other/older/a.tgz", "https://other/older/a.tgz"},
		{"registry=https://mirror/", "file:a.tgz", "file:a.tgz"},
		{"registry=https://mirror/", "%", "%"},
	} {
		rc, err := npmrcOf(t, c.rc, "")
		if err != nil {
			t.Fatal(err)
		}
		if got := rc.TarballURL(c.resolved); got != c.want {
			t.Errorf("with %q the tarball of %s is at %s, want %s", c.rc, c.resolved, got, c.want)
		}
	}
}

func TestNpmrcDerivedURL(t *testing.T) {
	t.Parallel()
	rc, err := npmrcOf(t, "@acme:registry=https://acme/npm", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, want string }{
		{"a", "https://registry.npmjs.org/a/-/a-1.0.0.tgz"},
		{"@s/a", "https://registry.npmjs.org/@s/a/-/a-1.0.0.tgz"},
		{"@acme/a", "https://acme/npm/@acme/a/-/a-1.0.0.tgz"},
	} {
		if got := rc.DerivedURL(c.name, "1.0.0"); got != c.want {
			t.Errorf("the tarball of %s is at %s, want %s", c.name, got, c.want)
		}
	}
}

func FuzzParseNpmrc(f *testing.F) {
	for _, seed := range []string{"//h/:_authToken=${A?}", "a='b\\", "[x]\n=", `"\u00e9"=\;#`, "registry=https://h\n@s:registry=http://i/", "//:x=y\n///:_auth=YTpi", "registry=httPs://h\xf9"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		defer indextest.Budget(t, len(text))()
		rc, err := newNpmrc(parseNpmrc(text, map[string]string{"A": "b"}))
		if err != nil {
			return
		}
		if got := rc.Registry("a"); !strings.HasPrefix(got, "http") || !strings.HasSuffix(got, "/") {
			t.Errorf("%q: the registry is %q", text, got)
		}
		rc.TarballURL("https://registry.npmjs.org/a/-/a.tgz")
		for prefix, l := range rc.logins {
			if _, _, err := l.credential(); err == nil && !strings.HasPrefix(prefix, "//") {
				t.Errorf("%q: a login for %q", text, prefix)
			}
		}
	})
}

// TestUnreadableNpmrcIsPassedOver: as npm does. A directory stands for a file
// that may not be read, as root may read all.
func TestUnreadableNpmrcIsPassedOver(t *testing.T) {
	t.Parallel()
	project, home := t.TempDir(), t.TempDir()
	for _, dir := range []string{project, home} {
		if err := os.Mkdir(filepath.Join(dir, ".npmrc"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	rc, err := LoadNpmrc(project, []string{"HOME=" + home, "USERPROFILE=" + home})
	if err != nil || rc.Registry("lodash") != "https://registry.npmjs.org/" {
		t.Errorf("%v", err)
	}
}
