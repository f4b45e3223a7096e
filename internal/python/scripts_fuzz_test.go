package python

import (
	"strings"
	"testing"
)

func FuzzParseScripts(f *testing.F) {
	f.Add("[console_scripts]\na = b.c:d.e [x]\n; c\n[gui_scripts]\nü=ü:ü\n")
	f.Add("[console_scripts\n=:\n")
	f.Fuzz(func(t *testing.T, text string) {
		points, err := parseScripts(text)
		if err != nil {
			return
		}
		for _, p := range points {
			if p.name == "" || strings.ContainsAny(p.name, "/\\\x00") || p.name == ".." || strings.ContainsAny(p.module+p.attribute, " \n();'\"") {
				t.Errorf("parseScripts(%q) = %+v", text, p)
			}
		}
	})
}
