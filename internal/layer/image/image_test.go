package image

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/container"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/segment"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

func TestScopeChecksNativeCodeInTheOrderOfPaths(t *testing.T) {
	t.Parallel()
	kept, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	e := &Env{Segments: segment.New(kept)}
	var seen []string
	scope := Scope{Architectures: []string{"x86_64", "arm64"}, CheckFile: func(at fault.Path, path, machine string) error {
		seen = append(seen, at.String()+" "+path+" "+machine)
		return nil
	}}
	packed, err := e.deflate(t.Context(), func(visit container.Visit) error {
		for path, machine := range map[string]string{"lib/b.so": "\xb7", "bin/a": "\x3e"} {
			content := "\x7fELF\x02\x01\x01" + strings.Repeat("\x00", 9) + "\x02\x00" + machine + strings.Repeat("\x00", 45)
			if err := visit(container.File{Path: path, Size: int64(len(content))}, strings.NewReader(content)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	files, err := e.Segments.Files(packed, filetree.Origin{})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.checkNative(t.Context(), fault.At("images").Index(1), files, scope); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(seen, []string{"images[1] bin/a x86_64", "images[1] lib/b.so arm64"}) {
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
	of := Scope{Architectures: []string{"arm64"}, Triggers: store.Digest{1}}
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
