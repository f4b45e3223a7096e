package image

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

func TestScopeChecksNativeCodeInTheOrderOfPaths(t *testing.T) {
	t.Parallel()
	var seen []string
	scope := Scope{Architectures: []string{"x86_64", "arm64"}, CheckFile: func(f filetree.File) error {
		seen = append(seen, f.Path+" "+f.Machine)
		return nil
	}}
	if err := scope.checkNative(taken{Native: map[string]string{"lib/b.so": "arm64", "bin/a": "x86_64"}}); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(seen, []string{"bin/a x86_64", "lib/b.so arm64"}) {
		t.Errorf("checked %q", seen)
	}
	if got := scope.platforms(""); !slices.Equal(got, []string{"linux/amd64", "linux/arm64"}) {
		t.Errorf("platforms are %q", got)
	}
	if got := scope.platforms("linux/s390x"); !slices.Equal(got, []string{"linux/s390x"}) {
		t.Errorf("the named platform is %q", got)
	}
}

// TestPinsStayWhileNameAndTriggersDo asks no registry for what the old lock has.
func TestPinsStayWhileNameAndTriggersDo(t *testing.T) {
	t.Parallel()
	asked := errors.New("a registry would be asked")
	open := func() (*Env, error) { return nil, asked }
	of := Scope{Architectures: []string{"arm64"}, Triggers: store.Digest{1}, Explain: func(_ fault.Path, err error) error { return err }}
	old := []Lock{{Image: "alpine:3", Triggers: store.Digest{1}, Pins: []Pin{{Platform: "linux/arm64", Manifest: store.Digest{7}}}}}
	now, err := Choose(t.Context(), open, []Spec{{Image: "alpine:3", Files: map[string]string{"/a": "bin/"}}}, of, old)
	if err != nil || len(now) != 1 || now[0].Pins[0].Manifest != (store.Digest{7}) {
		t.Errorf("Choose() = %v, %v, want the old manifest", now, err)
	}
	for name, change := range map[string]func(*Scope, *Spec){
		"another image":    func(_ *Scope, s *Spec) { s.Image = "alpine:4" },
		"another platform": func(_ *Scope, s *Spec) { s.Platform = "linux/amd64" },
		"other triggers":   func(of *Scope, _ *Spec) { of.Triggers = store.Digest{2} },
	} {
		changed, spec := of, Spec{Image: "alpine:3"}
		change(&changed, &spec)
		_, err := Choose(t.Context(), open, []Spec{spec}, changed, old)
		found, ok := errors.AsType[*fault.Error](err)
		if !errors.Is(err, asked) || !ok || found.At.String() != "images[0]" || !strings.Contains(found.Summary, spec.Image) {
			t.Errorf("%s: %v, want the registry asked", name, err)
		}
	}
}
