package placement

import (
	"context"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
)

type oneOfEach map[string]*manifest.Manifest

func (s oneOfEach) Choose(_ context.Context, spec manifest.Spec) (*manifest.Manifest, error) {
	if m := s[spec.Name]; m != nil {
		return m, nil
	}
	return nil, &manifest.ResolveError{Code: "E404", Name: spec.Name}
}

func (oneOfEach) Expect([]manifest.Spec) {}

func (oneOfEach) Open(context.Context, *manifest.Manifest) (Contents, error) {
	return Contents{}, nil
}

func TestPlaceGoesToTheTop(t *testing.T) {
	t.Parallel()
	source := oneOfEach{
		"app": {Name: "app", Version: "1.0.0", Dependencies: []manifest.Dependency{{Name: "lib", Spec: "^1"}}},
		"lib": {Name: "lib", Version: "1.0.0"},
	}
	project := &manifest.Project{Manifest: manifest.Manifest{Dependencies: []manifest.Dependency{{Name: "app", Spec: "^1"}}}}
	tree, err := Place(t.Context(), source, project, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(tree.Packages) != 2 || tree.Packages[1].Path != "node_modules/lib" {
		t.Errorf("got %v", tree.Packages)
	}
}
