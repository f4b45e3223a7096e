package nodejs

import "testing"

func TestAllowedNames(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		glob, name string
		want       bool
	}{
		{"*", "esbuild", true},
		{"*", "@nestjs/core", true},
		{"@nestjs/*", "@nestjs/core", true},
		{"@*/core", "@nestjs/core", true},
		{"es*", "esbuild", true},
		{"es*", "@es/build", false},
		{"@nestjs/*", "nestjs", false},
		{"esbuild", "@esbuild/linux-x64", false},
	} {
		if got := allowed([]string{"none", c.glob}, c.name); got != c.want {
			t.Errorf("allowed(%q, %q) = %v", c.glob, c.name, got)
		}
	}
}
