package configuration

import (
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/index"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep508"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pythontest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
)

// settingsIn returns the settings of an environment whose home is empty but for
// the files, which are written below it; "$HOME" stands for it, also in links.
func settingsIn(t *testing.T, env, files map[string]string, project string, targets ...wheel.Target) (*Settings, error) {
	t.Helper()
	home := t.TempDir()
	// The files of the machine that runs the test must not count.
	files = maps.Clone(files)
	if files == nil {
		files = map[string]string{}
	}
	if _, ok := files["xdg/uv/uv.toml"]; !ok {
		files["xdg/uv/uv.toml"] = ""
	}
	for name, text := range files {
		path := filepath.Join(home, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(text, "$HOME", filepath.ToSlash(home))), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	all := map[string]string{
		"HOME": home, "XDG_CONFIG_DIRS": filepath.Join(home, "xdg"), "APPDATA": filepath.Join(home, ".config"), "ProgramData": filepath.Join(home, "xdg"),
		"PIP_CONFIG_FILE": os.DevNull,
	}
	maps.Copy(all, env)
	if project != "" {
		project = filepath.Join(home, project)
	}
	settings, err := ReadIndexSettings(func(name string) string { return strings.ReplaceAll(all[name], "$HOME", home) }, project, targets)
	if err != nil {
		return nil, err
	}
	for i, link := range settings.FindLinks {
		settings.FindLinks[i] = strings.ReplaceAll(filepath.ToSlash(link), filepath.ToSlash(home), "$HOME")
	}
	return settings, nil
}

// indexText writes indexes as "<address>" and "<name>@<address>", the bound ones.
func indexText(indexes []index.Index) string {
	var words []string
	for _, x := range indexes {
		words = append(words, strings.TrimPrefix(strings.Join(x.Packages, ",")+"@"+x.URL, "@"))
	}
	return strings.Join(words, " ")
}

const pipConf = "\ufeff# a comment\n[global]\nindex-url = https://u:p@conf.example/simple\nextra_index_url =\n    https://one.example/simple\n    https://two.example/simple\n" +
	"[install]\nindex-url: https://install.example/simple\n[freeze]\ntimeout = 10\n"

const uvTOML = `
[[index]]
url = "https://uv.example/a"
[[index]]
name = "main"
url = "https://uv.example/main"
default = true
`

const personal = "[global]\nextra-index-url = https://personal.example\n"

// TestFilesOfEachSystem holds the files that pip 25 and uv document, the strongest last
// for pip and first for uv.
func TestFilesOfEachSystem(t *testing.T) {
	t.Parallel()
	own := filepath.ToSlash(filepath.Join(t.TempDir(), "ci.conf"))
	if err := os.WriteFile(own, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		system  string
		env     map[string]string
		pip, uv string
	}{
		{"windows", map[string]string{"ProgramData": "/pd", "APPDATA": "/ad", "USERPROFILE": "/me"}, "/pd/pip/pip.ini /me/pip/pip.ini /ad/pip/pip.ini", "/ad/uv/uv.toml /pd/uv/uv.toml"},
		{"windows", map[string]string{"ProgramData": "/pd"}, "/pd/pip/pip.ini", "/pd/uv/uv.toml"},
		{"windows", map[string]string{"APPDATA": "/ad"}, "/ad/pip/pip.ini", "/ad/uv/uv.toml"},
		{"windows", nil, "", ""},
		{"windows", map[string]string{"ProgramData": "/pd", "APPDATA": "/ad", "PIP_CONFIG_FILE": own}, "/pd/pip/pip.ini " + own, "/ad/uv/uv.toml /pd/uv/uv.toml"},
		{"windows", map[string]string{"APPDATA": "/ad", "PIP_CONFIG_FILE": "/none/pip.ini"}, "/ad/pip/pip.ini /none/pip.ini", "/ad/uv/uv.toml"},
		{"linux", map[string]string{"HOME": "/h", "XDG_CONFIG_DIRS": "/none"}, "/none/pip/pip.conf /etc/pip.conf /h/.pip/pip.conf /h/.config/pip/pip.conf", "/h/.config/uv/uv.toml"},
		{"linux", map[string]string{"HOME": "/h", "XDG_CONFIG_HOME": "/x", "XDG_CONFIG_DIRS": "/none", "PIP_CONFIG_FILE": own}, "/none/pip/pip.conf /etc/pip.conf " + own, "/x/uv/uv.toml"},
		{"linux", map[string]string{"XDG_CONFIG_DIRS": ":/none"}, "/none/pip/pip.conf /etc/pip.conf", ""},
		{"darwin", map[string]string{"HOME": "/h", "XDG_CONFIG_DIRS": "/none"}, "/Library/Application_Support/pip/pip.conf /h/.pip/pip.conf /h/.config/pip/pip.conf", "/h/.config/uv/uv.toml"},
	} {
		if strings.Contains(c.env["XDG_CONFIG_DIRS"], ":") && runtime.GOOS == "windows" {
			continue // where lists have another separator
		}
		getenv := func(name string) string { return c.env[name] }
		text := func(files []string) string {
			return strings.ReplaceAll(filepath.ToSlash(strings.ReplaceAll(strings.Join(files, "|"), " ", "_")), "|", " ")
		}
		if got := text(pipConfigurationFiles(getenv, c.system)); got != c.pip {
			t.Errorf("%s %v: pip got %q, want %q", c.system, c.env, got, c.pip)
		}
		if got := text(uvConfigurationFiles(getenv, c.system)); got != c.uv {
			t.Errorf("%s %v: uv got %q, want %q", c.system, c.env, got, c.uv)
		}
	}
}

func TestIndexesOfTheEnvironmentAndFiles(t *testing.T) {
	t.Parallel()
	pip := map[string]string{"pip.conf": pipConf}
	uv := map[string]string{".config/uv/uv.toml": uvTOML}
	both := map[string]string{"pip.conf": pipConf, ".config/uv/uv.toml": uvTOML}
	for _, c := range []struct {
		name       string
		env, files map[string]string
		want       string
	}{
		{"nothing", nil, nil, ""},
		{"pip", map[string]string{"PIP_INDEX_URL": "https://a.example/simple"}, nil, "https://a.example/simple"},
		{"uv over pip", map[string]string{"PIP_INDEX_URL": "https://a.example", "UV_DEFAULT_INDEX": "own=https://b.example?x=1"}, nil, "https://b.example?x=1"},
		{"legacy uv", map[string]string{"UV_INDEX_URL": "https://b.example?x=1", "PIP_INDEX_URL": "https://a.example"}, nil, "https://b.example?x=1"},
		{"extra before default", map[string]string{"PIP_EXTRA_INDEX_URL": "https://x.example https://y.example"}, nil, "https://x.example https://y.example https://pypi.org/simple/"},
		{"named extra", map[string]string{"UV_INDEX": "corp=https://x.example", "UV_DEFAULT_INDEX": "https://d.example"}, nil, "https://x.example https://d.example"},
		{"both extra of uv", map[string]string{"UV_INDEX": "https://x.example", "UV_EXTRA_INDEX_URL": "https://y.example", "UV_INDEX_URL": "https://d.example"}, nil, "https://x.example https://y.example https://d.example"},
		{"login of a name", map[string]string{"UV_INDEX": "my-corp.x=https://x.example", "UV_INDEX_MY_CORP_X_USERNAME": "me", "UV_INDEX_MY_CORP_X_PASSWORD": "p@w"}, nil, "https://me:p%40w@x.example https://pypi.org/simple/"},
		{"login of the address", map[string]string{"UV_INDEX": "c=https://a:b@x.example", "UV_INDEX_C_USERNAME": "me"}, nil, "https://a:b@x.example https://pypi.org/simple/"},
		{"pip file", map[string]string{"PIP_CONFIG_FILE": "$HOME/pip.conf"}, pip, "https://one.example/simple https://two.example/simple https://install.example/simple"},
		{"environment over file", map[string]string{"PIP_CONFIG_FILE": "$HOME/pip.conf", "PIP_INDEX_URL": "https://a.example"}, pip, "https://one.example/simple https://two.example/simple https://a.example"},
		{"no file", map[string]string{"PIP_CONFIG_FILE": os.DevNull, "PIP_INDEX_URL": " https://a.example "}, pip, "https://a.example"},
		{"pip file in place of the user's", map[string]string{"PIP_CONFIG_FILE": "$HOME/pip.conf"}, map[string]string{"pip.conf": "[global]\nindex-url = https://corp.example\n", ".config/pip/pip.conf": personal, ".pip/pip.conf": personal, ".config/pip/pip.ini": personal}, "https://corp.example"},
		{"empty pip file in place of the user's", map[string]string{"PIP_CONFIG_FILE": "$HOME/pip.conf"}, map[string]string{"pip.conf": "", ".config/pip/pip.conf": personal, ".config/pip/pip.ini": personal}, ""},
		{"pip file that is not there", map[string]string{"PIP_CONFIG_FILE": "$HOME/missing"}, map[string]string{".config/pip/pip.conf": personal, ".config/pip/pip.ini": personal}, "https://personal.example https://pypi.org/simple/"},
		{"uv file", nil, uv, "https://uv.example/a https://uv.example/main"},
		{"uv file over pip file", map[string]string{"PIP_CONFIG_FILE": "$HOME/pip.conf"}, both, "https://uv.example/a https://uv.example/main"},
		{"pip variable over uv file", map[string]string{"PIP_INDEX_URL": "https://a.example", "PIP_EXTRA_INDEX_URL": "https://x.example"}, uv, "https://x.example https://a.example"},
		{"uv variable before uv file", map[string]string{"UV_INDEX": "https://x.example", "PIP_EXTRA_INDEX_URL": "https://y.example"}, uv, "https://x.example https://uv.example/a https://uv.example/main"},
		{"uv default over uv file", map[string]string{"UV_DEFAULT_INDEX": "https://d.example"}, uv, "https://uv.example/a https://d.example"},
		{"name taken by a variable", map[string]string{"UV_INDEX": "twice=https://x.example"}, map[string]string{".config/uv/uv.toml": "[[index]]\nname = \"twice\"\nurl = \"https://y.example\"\n"}, "https://x.example https://pypi.org/simple/"},
		{"login for a file", map[string]string{"UV_INDEX_MAIN_USERNAME": "me", "UV_INDEX_MAIN_PASSWORD": "pw"}, uv, "https://uv.example/a https://me:pw@uv.example/main"},
		{"no files of uv", map[string]string{"UV_NO_CONFIG": "1"}, uv, ""},
		{"own file of uv", map[string]string{"UV_CONFIG_FILE": "$HOME/own.toml"}, map[string]string{".config/uv/uv.toml": uvTOML, "own.toml": "index-url = \"https://own.example\"\nextra-index-url = [\"https://e.example\"]\n"}, "https://e.example https://own.example"},
		{"user before system", nil, map[string]string{".config/uv/uv.toml": "extra-index-url = [\"https://user.example\"]\n", "xdg/uv/uv.toml": "extra-index-url = [\"https://system.example\"]\nindex-url = \"https://base.example\"\n"}, "https://user.example https://system.example https://base.example"},
		{"explicit and unbound", nil, map[string]string{".config/uv/uv.toml": "[[index]]\nname = \"x\"\nurl = \"https://x.example\"\nexplicit = true\n"}, ""},
		{"no index of uv", map[string]string{"UV_NO_INDEX": "true", "UV_INDEX": "https://x.example"}, nil, "none"},
		{"no index of pip", map[string]string{"PIP_NO_INDEX": "1", "PIP_INDEX_URL": "https://x.example"}, nil, "none"},
		{"no index of uv's file", nil, map[string]string{".config/uv/uv.toml": "no-index = true\n"}, "none"},
		{"index of uv against pip's file", map[string]string{"PIP_CONFIG_FILE": "$HOME/pip.conf"}, map[string]string{".config/uv/uv.toml": "no-index = false\n", "pip.conf": "[global]\nno-index = yes\nindex-url = https://c.example\nextra-index-url = https://e.example\n"}, "https://e.example https://c.example"},
		{"no index of pip's file", map[string]string{"PIP_CONFIG_FILE": "$HOME/pip.conf"}, map[string]string{"pip.conf": "[global]\nno-index = yes\n"}, "none"},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			settings, err := settingsIn(t, c.env, c.files, "")
			if err != nil {
				t.Fatal(err)
			}
			got := indexText(settings.Indexes)
			if settings.NoIndex {
				got = strings.TrimSpace("none " + got)
			}
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestIndexesOfAProject(t *testing.T) {
	t.Parallel()
	const pyproject = `
[project]
name = "app"
[tool.uv.sources]
Torch_Vision = { index = "cpu" }
torch = [{ index = "mac", marker = "sys_platform == 'darwin'" }, { index = "cpu", marker = "sys_platform == 'linux'" }]
other = { git = "https://git.example/other" }
member = { workspace = true }
[[tool.uv.index]]
name = "cpu"
url = "https://cpu.example/whl"
explicit = true
[[tool.uv.index]]
name = "mac"
url = "https://mac.example/whl"
explicit = true
[[tool.uv.index]]
name = "corp"
url = "https://corp.example/simple"
`
	const bound = "torch@https://cpu.example/whl torch-vision@https://cpu.example/whl "
	for _, c := range []struct {
		name       string
		env, files map[string]string
		project    string
		want       string
	}{
		{"none", nil, map[string]string{"p/pyproject.toml": pyproject}, "", ""},
		{"pyproject", nil, map[string]string{"p/pyproject.toml": pyproject}, "p", bound + "https://corp.example/simple https://pypi.org/simple/"},
		{"above", nil, map[string]string{"p/pyproject.toml": pyproject}, "p/sub", ""},
		{"before the user's", nil, map[string]string{"p/pyproject.toml": pyproject, ".config/uv/uv.toml": uvTOML}, "p", bound + "https://corp.example/simple https://uv.example/a https://uv.example/main"},
		{"uv.toml in its place", nil, map[string]string{"p/pyproject.toml": pyproject, "p/uv.toml": "index-url = \"https://own.example\"\n"}, "p", bound + "https://own.example"},
		{"login", map[string]string{"UV_INDEX_CPU_USERNAME": "me", "UV_INDEX_CPU_PASSWORD": "pw", "PIP_EXTRA_INDEX_URL": "https://x.example"}, map[string]string{"p/pyproject.toml": pyproject}, "p",
			strings.ReplaceAll(bound, "//", "//me:pw@") + "https://x.example https://pypi.org/simple/"},
		{"name of a variable", map[string]string{"UV_INDEX": "own=https://own.example"}, map[string]string{"p/pyproject.toml": "[tool.uv.sources]\na = { index = \"own\" }\n"}, "p", "a@https://own.example https://own.example https://pypi.org/simple/"},
		{"no index", map[string]string{"UV_NO_INDEX": "1"}, map[string]string{"p/pyproject.toml": pyproject}, "p", ""},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			settings, err := settingsIn(t, c.env, c.files, c.project, pythontest.Py312)
			if err != nil {
				t.Fatal(err)
			}
			if got := indexText(settings.Indexes); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestAccountsOfIndexesThatAreNotAsked(t *testing.T) {
	t.Parallel()
	settings, err := settingsIn(t, map[string]string{
		"PIP_EXTRA_INDEX_URL": "https://x.example", "UV_INDEX_CORP_USERNAME": "me", "UV_INDEX_CORP_PASSWORD": "pw",
	}, map[string]string{"p/pyproject.toml": "[[tool.uv.index]]\nname = \"corp\"\nurl = \"https://corp.example/simple\"\n[[tool.uv.index]]\nurl = \"https://open.example\"\n"}, "p")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(settings.Accounts, " "), "https://me:pw@corp.example/simple"; got != want {
		t.Errorf("accounts %s, want %s", got, want)
	}
	if got, want := indexText(settings.Indexes), "https://x.example https://pypi.org/simple/"; got != want {
		t.Errorf("indexes %s, want %s", got, want)
	}
}

func TestLinksAndCertificates(t *testing.T) {
	t.Parallel()
	uv := map[string]string{"p/uv.toml": "find-links = [\"wheels\", \"https://links.example/x.html\"]\n[[index]]\nurl = \"flat\"\nformat = \"flat\"\n"}
	pip := map[string]string{"pip.conf": "[global]\nfind-links = $HOME/a https://l.example/\ncert = /etc/corp.pem\n"}
	for _, c := range []struct {
		name       string
		env, files map[string]string
		links      string
		cert       string
	}{
		{"uv file", nil, uv, "$HOME/p/flat $HOME/p/wheels https://links.example/x.html", ""},
		{"pip variable", map[string]string{"PIP_FIND_LINKS": "a b"}, uv, "a b", ""},
		{"uv variable", map[string]string{"UV_FIND_LINKS": "a b,c", "PIP_FIND_LINKS": "d"}, uv, "a b c $HOME/p/flat $HOME/p/wheels https://links.example/x.html", ""},
		{"pip file", map[string]string{"PIP_CONFIG_FILE": "$HOME/pip.conf"}, pip, "$HOME/a https://l.example/", "/etc/corp.pem"},
		{"certificate of a variable", map[string]string{"PIP_CONFIG_FILE": "$HOME/pip.conf", "PIP_CERT": "/own.pem"}, pip, "$HOME/a https://l.example/", "/own.pem"},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			settings, err := settingsIn(t, c.env, c.files, "p")
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(settings.FindLinks, " "); got != c.links || settings.Certificates != c.cert {
				t.Errorf("links %s, certificates %q, want %s and %q", got, settings.Certificates, c.links, c.cert)
			}
		})
	}
}

func TestFaultySettings(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, file, text string
		env              map[string]string
		want             string
	}{
		{"no TOML", "p/uv.toml", "index-url = \"https://u:hunter2@x\n", nil, "line 1, column "},
		{"another type", "p/pyproject.toml", "[tool.uv]\nindex-url = [\"https://u:hunter2@x\"]\n", nil, "it is not as uv writes it"},
		{"unknown index", "p/pyproject.toml", "[tool.uv.sources]\na = { index = \"nowhere\" }\n", nil, `there is no index "nowhere": write a [[tool.uv.index]]`},
		{"faulty marker", "p/pyproject.toml", "[tool.uv.sources]\na = { index = \"x\", marker = \"what?\" }\n", nil, `reading the source of "a" in tool.uv.sources: `},
		{"absent file", "x", "", map[string]string{"UV_CONFIG_FILE": "$HOME/none.toml"}, "which UV_CONFIG_FILE names"},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			_, err := settingsIn(t, c.env, map[string]string{c.file: c.text}, "p", pythontest.Py312)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("err = %v, want %s", err, c.want)
			}
		})
	}
}

func FuzzParsePipConfiguration(f *testing.F) {
	f.Add("[global]\nindex-url = x\n  y\n")
	f.Add("key = before any section\n[\n]\n[]\n= \n")
	f.Fuzz(func(t *testing.T, text string) {
		defer indextest.Budget(t, len(text))()
		for section, settings := range parsePipConfiguration(text) {
			for key, value := range settings {
				if strings.TrimSpace(value) != value || strings.ContainsAny(key, "\n") {
					t.Errorf("[%s] %q = %q", section, key, value)
				}
			}
		}
	})
}

func FuzzReadUVProject(f *testing.F) {
	f.Add("[tool.uv.sources]\na = { index = \"x\" }\n[[tool.uv.index]]\nname = \"x\"\nurl = \"https://x\"\n")
	f.Add("[tool.uv.sources]\na = [1, { index = 2 }]\n")
	f.Fuzz(func(t *testing.T, text string) {
		defer indextest.Budget(t, len(text))()
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "pyproject.toml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		settings, err := readUVProject(dir, func(string) string { return "" })
		if err != nil {
			return
		}
		for name, bindings := range settings.sources {
			for _, b := range bindings {
				if b.Index == "" || pep508.NormalizeName(name) != name {
					t.Errorf("source %q of index %q", name, b.Index)
				}
			}
		}
	})
}

// TestUnreadableFilesArePassedOver: as pip and uv do with files of the user that
// they may not read. A directory stands for such a file, since root may read all.
func TestUnreadableFilesArePassedOver(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	env := map[string]string{
		"HOME": home, "XDG_CONFIG_DIRS": filepath.Join(home, "xdg"), "APPDATA": filepath.Join(home, ".config"), "ProgramData": filepath.Join(home, "xdg"),
		"PIP_CONFIG_FILE": filepath.Join(home, "own.conf"),
	}
	names := []string{".pip/pip.conf", ".config/pip/pip.conf", ".config/pip/pip.ini", "xdg/pip/pip.conf", "xdg/pip/pip.ini", ".config/uv/uv.toml", "xdg/uv/uv.toml", "own.conf"}
	for _, name := range names {
		if err := os.MkdirAll(filepath.Join(home, filepath.FromSlash(name)), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	getenv := func(name string) string { return env[name] }
	settings, err := ReadIndexSettings(getenv, "", nil)
	if err != nil || len(settings.Indexes) != 0 || settings.NoIndex {
		t.Errorf("settings %+v, %v", settings, err)
	}
	env["UV_CONFIG_FILE"] = filepath.Join(home, "own.conf")
	if _, err := ReadIndexSettings(getenv, "", nil); err == nil {
		t.Error("a file that UV_CONFIG_FILE names was passed over")
	}
}
