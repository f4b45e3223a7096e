package python

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestConfiguredIndexes(t *testing.T) {
	t.Parallel()
	conf := filepath.Join(t.TempDir(), "pip.conf")
	const text = "\ufeff# a comment\n[global]\nindex-url = https://u:p@conf.example/simple\nextra_index_url =\n    https://one.example/simple\n    https://two.example/simple\n" +
		"[install]\nindex-url: https://install.example/simple\n[freeze]\ntimeout = 10\n"
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		env  map[string]string
		want string
	}{
		{"nothing", nil, ""},
		{"pip", map[string]string{"PIP_INDEX_URL": "https://a.example/simple"}, "https://a.example/simple"},
		{"uv over pip", map[string]string{"PIP_INDEX_URL": "https://a.example", "UV_DEFAULT_INDEX": "own=https://b.example?x=1"}, "https://b.example?x=1"},
		{"legacy uv", map[string]string{"UV_INDEX_URL": "https://b.example?x=1", "PIP_INDEX_URL": "https://a.example"}, "https://b.example?x=1"},
		{"extra before default", map[string]string{"PIP_EXTRA_INDEX_URL": "https://x.example https://y.example"}, "https://x.example https://y.example https://pypi.org/simple/"},
		{"named extra", map[string]string{"UV_INDEX": "corp=https://x.example", "UV_DEFAULT_INDEX": "https://d.example"}, "https://x.example https://d.example"},
		{"file", map[string]string{"PIP_CONFIG_FILE": conf}, "https://one.example/simple https://two.example/simple https://install.example/simple"},
		{"environment over file", map[string]string{"PIP_CONFIG_FILE": conf, "PIP_INDEX_URL": "https://a.example"}, "https://one.example/simple https://two.example/simple https://a.example"},
		{"no file", map[string]string{"PIP_CONFIG_FILE": os.DevNull, "PIP_INDEX_URL": " https://a.example "}, "https://a.example"},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			indexes, err := ConfiguredIndexes(func(name string) string { return c.env[name] })
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, x := range indexes {
				got = append(got, x.URL)
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("got  %s\nwant %s", strings.Join(got, " "), c.want)
			}
		})
	}
}

func FuzzParsePipConfiguration(f *testing.F) {
	f.Add("[global]\nindex-url = x\n  y\n")
	f.Add("key = before any section\n[\n]\n[]\n= \n")
	f.Fuzz(func(t *testing.T, text string) {
		for section, settings := range parsePipConfiguration(text) {
			for key, value := range settings {
				if strings.TrimSpace(value) != value || strings.ContainsAny(key, "\n") {
					t.Errorf("[%s] %q = %q", section, key, value)
				}
			}
		}
	})
}
