package filetree

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// countedContext is cancelled at the nth question whether it is.
type countedContext struct {
	context.Context
	left int
}

func (c *countedContext) Err() error {
	if c.left--; c.left <= 0 {
		return context.Canceled
	}
	return nil
}

// TestScanStopsWhereItIsCancelled has many small files, and one large one.
func TestScanStopsWhereItIsCancelled(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for i := range 20 {
		folder := filepath.Join(root, fmt.Sprint(i))
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		for k := range 20 {
			if err := os.WriteFile(filepath.Join(folder, fmt.Sprint(k)), []byte("text"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	large := filepath.Join(t.TempDir(), "large")
	if err := os.WriteFile(large, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(large, 64<<20); err != nil {
		t.Fatal(err)
	}
	for _, where := range []string{root, large} {
		for _, at := range []int{1, 7, 200} {
			ctx := &countedContext{Context: t.Context(), left: at}
			if _, err := Scan(ctx, where, ScanOptions{}); !errors.Is(err, context.Canceled) {
				t.Errorf("cancelled at question %d: %v", at, err)
			}
			if ctx.left < -3 {
				t.Errorf("cancelled at question %d: asked %d times more", at, -ctx.left)
			}
		}
		if _, err := Scan(t.Context(), where, ScanOptions{}); err != nil {
			t.Error(err)
		}
	}
}

// TestArchivesStopWhereTheyAreCancelled reads a large archive in all ways.
func TestArchivesStopWhereTheyAreCancelled(t *testing.T) {
	t.Parallel()
	random := make([]byte, 4<<20) // what cannot be packed takes many reads
	for i, x := 0, uint32(1); i < len(random); i++ {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		random[i] = byte(x)
	}
	body := makeZip(t, raw{name: "a", data: string(random)}, raw{name: "b", data: string(random), deflate: true}, raw{name: "c", data: strings.Repeat("c", 1<<20), deflate: true})
	for name, read := range map[string]func(*Archive) error{
		"vet": Vet,
		"content": func(a *Archive) error {
			tree, err := FromZip(a)
			if err != nil {
				return err
			}
			for _, e := range tree {
				in, err := e.OpenContent()
				if err != nil {
					return err
				}
				_, err = new(bytes.Buffer).ReadFrom(in)
				if err = errors.Join(err, in.Close()); err != nil {
					return err
				}
			}
			return nil
		},
		"list": func(a *Archive) error { _, err := ListArchive(a, "", nil); return err },
	} {
		for _, at := range []int{1, 5, 50} {
			ctx := &countedContext{Context: t.Context(), left: at}
			if err := read(inMemory("large", body).Until(ctx)); !errors.Is(err, context.Canceled) {
				t.Errorf("%s, cancelled at question %d: %v", name, at, err)
			}
			if ctx.left < -3 {
				t.Errorf("%s, cancelled at question %d: asked %d times more", name, at, -ctx.left)
			}
		}
		if err := read(inMemory("large", body).Until(t.Context())); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAwait(t *testing.T) {
	t.Parallel()
	if got, err := Await(t.Context(), func() (int, error) { return 7, nil }); got != 7 || err != nil {
		t.Errorf("Await() = %d, %v", got, err)
	}
	fault := errors.New("fault")
	if _, err := Await(t.Context(), func() (int, error) { return 0, fault }); !errors.Is(err, fault) {
		t.Errorf("Await() = %v, want the error of the work", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("interrupted")
	never := make(chan struct{})
	defer close(never)
	_, err := Await(ctx, func() (int, error) {
		cancel(cause)
		<-never
		return 1, nil
	})
	if !errors.Is(err, cause) {
		t.Errorf("Await() = %v, want the cause", err)
	}
}
