package layerzip

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

func TestIs(t *testing.T) {
	t.Parallel()
	l := layoutOf(t, goldenTree(t))
	want := written(t, l)
	change := func(at int) []byte {
		b := bytes.Clone(want)
		b[at] ^= 1
		return b
	}
	dir := t.TempDir()
	for name, c := range map[string]struct {
		body []byte
		same bool
	}{
		"itself":       {want, true},
		"first byte":   {change(0), false},
		"in between":   {change(len(want) / 2), false},
		"last byte":    {change(len(want) - 1), false},
		"a byte more":  {append(slices.Clip(want), 0), false},
		"a byte less":  {want[:len(want)-1], false},
		"empty":        {nil, false},
		"size, zeroes": {make([]byte, len(want)), false},
	} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, c.body, 0o600); err != nil {
			t.Fatal(err)
		}
		digest, same, err := l.Is(t.Context(), file)
		if err != nil || same != c.same || same && digest != store.Sum(want) {
			t.Errorf("%s: Is() = %s, %t, %v, want %t", name, digest, same, err, c.same)
		}
	}
	for _, other := range []string{dir, filepath.Join(dir, "none")} {
		if _, same, err := l.Is(t.Context(), other); same || err != nil {
			t.Errorf("Is(%q) = %t, %v", other, same, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := l.Is(ctx, filepath.Join(dir, "itself")); !errors.Is(err, context.Canceled) {
		t.Errorf("Is() after its context = %v", err)
	}
}
