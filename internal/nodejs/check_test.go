package nodejs

import (
	"slices"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
)

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

// TestOtherFaultsOfAProject tells what is wrong of each dependency beside the one that
// the resolver met first.
func TestOtherFaultsOfAProject(t *testing.T) {
	t.Parallel()
	p := &manifest.Project{Manifest: manifest.Manifest{
		Dependencies: []manifest.Dependency{
			{Name: "_x", Spec: "1"}, {Name: "Bad Name", Spec: "1"}, {Name: "fine", Spec: "^1 || next"}, {Name: "folder", Spec: "file:../folder"},
			{Name: "repo", Spec: "git+https://host.example/a.git"}, {Name: "tag", Spec: "foo bar"}, {Name: "y", Spec: "catalog:"},
			{Name: "archive", Spec: "https://host.example/a.tgz"},
		},
		DevDependencies: []manifest.Dependency{{Name: "w", Spec: "workspace:*"}, {Name: "ok", Spec: "npm:fine@1"}},
	}}
	var got []string
	for _, err := range (&Spec{}).others(p, &manifest.ResolveError{Code: "EUNSUPPORTED", Name: "repo"}) {
		got = append(got, err.Error())
	}
	want := []string{
		`Malformed name "_x": Resolving "_x@1", required by "the project": a name cannot start with a dot or an underscore (EINVALIDPACKAGENAME).`,
		`Malformed name "Bad Name": Resolving "Bad Name@1", required by "the project": a name may hold what an address holds without escapes, and one scope before a slash (EINVALIDPACKAGENAME).`,
		`The Node.js packages cannot be resolved: Resolving "tag@foo bar", required by "the project": "foo bar" is not a range, and no tag can have such a name (EINVALIDTAGNAME).`,
		`"y" comes from no registry: Resolving "y@catalog:", required by "the project": npm does not know this form, and pnpm and Yarn do: name their lock file (pnpm-lock.yaml, yarn.lock) in nodejs.lock_file, in place of package_json or dependencies, or write a range such as ^1.2.3 (EUNSUPPORTED).`,
		`"archive" comes from no registry: Resolving "archive@https://host.example/a.tgz", required by "the project": it is an address, and only a lock file has a digest for that: name the lock file of the project in nodejs.lock_file, or publish the archive to a registry (EUNSUPPORTED).`,
		`"w" comes from no registry: Resolving "w@workspace:*", required by "the project": npm does not know this form, and pnpm and Yarn do: name their lock file (pnpm-lock.yaml, yarn.lock) in nodejs.lock_file, in place of package_json or dependencies, or write a range such as ^1.2.3 (EUNSUPPORTED).`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	if more := (&Spec{}).others(p, nil); more != nil {
		t.Errorf("of an error that names no dependency: %q", more)
	}
}
