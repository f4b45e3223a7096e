package wheel

import (
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
)

func FuzzParseScripts(f *testing.F) {
	f.Add("[console_scripts]\na = b.c:d.e [x]\n; c\n[gui_scripts]\nü=ü:ü\n")
	f.Add("[console_scripts\n=:\n")
	f.Fuzz(func(t *testing.T, text string) {
		defer indextest.Budget(t, len(text))()
		points, err := ParseScripts(text)
		if err != nil {
			return
		}
		for _, p := range points {
			if p.Name == "" || strings.ContainsAny(p.Name, "/\\\x00") || p.Name == ".." || strings.ContainsAny(p.module+p.attribute, " \n();'\"") {
				t.Errorf("parseScripts(%q) = %+v", text, p)
			}
		}
	})
}
